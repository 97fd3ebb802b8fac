"""The people who may sign in: agents, supervisors and operators, with what they may see."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Engine, Row, delete, func, select, update
from werkzeug.security import check_password_hash, generate_password_hash

from voicebot.errors import StoreError
from voicebot.roles import Role
from voicebot.store.database import Part, insert_unless_there
from voicebot.store.schema import users

NAME = re.compile(r"[a-z0-9][a-z0-9._@-]{0,63}")
LONGEST_PASSWORD = 1024
SCRYPT = "scrypt:32768:8:1"
"""How passwords are hashed, as werkzeug calls it: some 50 ms and 32 MB for each guess."""


@dataclass(frozen=True, slots=True)
class User:
    """A person who may sign in.

    targets: names from the dialog file whose calls are shown; none means all.
    phone: what the person's telephone shows as the caller, if that is not `name`; "" if it is.
    """

    name: str
    password_hash: str
    roles: frozenset[Role]
    targets: tuple[str, ...]
    created_at: datetime
    phone: str = ""

    def may(self, *roles: Role) -> bool:
        """Whether the person has any of `roles`."""
        return not self.roles.isdisjoint(roles)

    def sees(self, targets: Collection[str]) -> bool:
        """Whether a call that is offered to `targets` is for this person."""
        return not self.targets or not set(self.targets).isdisjoint(targets)


class Users(Part):
    """Everybody who may sign in, safe from any thread and process. Raises StoreError.

    hashing: how new passwords are hashed; only tests, which guess nobody's, have a reason to make it cheaper.
    """

    def __init__(self, engine: Engine, now: Callable[[], datetime], hashing: str = SCRYPT) -> None:
        super().__init__(engine, now)
        self._hashing = hashing

    def add(
        self,
        name: str,
        password: str,
        roles: Collection[Role],
        targets: Collection[str] = (),
        phone: str = "",
    ) -> User:
        """A new person. Raises StoreError naming what is wrong, also for a name that is taken."""
        check_name(name)
        if not self._insert(name, password, roles, targets, phone):
            raise StoreError(f"there is a user {name} already; see `voicebot users list`")
        found = self.get(name)
        if found is None:
            raise StoreError(f"user {name} was removed while being added")
        return found

    def begin(self, name: str, password: str) -> bool:
        """Add a first person, who has every role, if there is nobody yet; whether that was so."""
        with self._read() as db:
            if db.execute(select(func.count()).select_from(users)).scalar_one():
                return False
        return self._insert(name, password, frozenset(Role), ())

    def get(self, name: str) -> User | None:
        """The person of that name, or None."""
        if not name.isprintable():
            # Strangers type anything here, and databases fail on a NUL or half a character.
            return None
        with self._read() as db:
            row = db.execute(select(users).where(users.c.name == name)).one_or_none()
            return None if row is None else _user(row)

    def calling(self, caller: str) -> str:
        """The name of the person whose telephone calls as `caller`, or `caller` itself."""
        theirs = select(users.c.name).where(users.c.phone == caller, users.c.phone != "").order_by(users.c.name)
        with self._read() as db:
            return db.execute(theirs.limit(1)).scalar_one_or_none() or caller

    def everybody(self) -> list[User]:
        """All of them, by name."""
        with self._read() as db:
            return [_user(row) for row in db.execute(select(users).order_by(users.c.name))]

    def remove(self, name: str) -> None:
        """Let the person sign in no more; whoever is signed in is out at once."""
        with self._write() as db:
            if not db.execute(delete(users).where(users.c.name == name)).rowcount:
                raise _unknown(name)

    def set_password(self, name: str, password: str) -> None:
        """Replace the password; whoever is signed in with the old one is out at once."""
        with self._write() as db:
            changed = (
                update(users).where(users.c.name == name).values(password_hash=_hashed(password, self._hashing))
            )
            if not db.execute(changed).rowcount:
                raise _unknown(name)

    def check(self, name: str, password: str) -> User | None:
        """The person of that name, if the password is theirs; takes about as long either way (some 50 ms)."""
        found = self.get(name)
        fits = check_password_hash(
            found.password_hash if found else _nobody(self._hashing), password[:LONGEST_PASSWORD]
        )
        return found if found and fits else None

    def _insert(
        self, name: str, password: str, roles: Collection[Role], targets: Collection[str], phone: str = ""
    ) -> bool:
        hashed = _hashed(password, self._hashing)
        with self._write() as db:
            return insert_unless_there(
                db,
                users,
                name=name,
                password_hash=hashed,
                roles=sorted(role.value for role in roles),
                targets=list(dict.fromkeys(targets)),
                phone=phone.strip(),
                created_at=self._now(),
            )


@cache
def _nobody(hashing: str) -> str:
    """Checked for names nobody has, so that an answer's time does not tell which names there are."""
    return _hashed("nobody", hashing)


def _hashed(password: str, hashing: str) -> str:
    if len(password) > LONGEST_PASSWORD:
        raise StoreError(f"a password has at most {LONGEST_PASSWORD} characters")
    return generate_password_hash(password, method=hashing)


def check_name(name: str) -> None:
    """Raises StoreError for a `name` no user may have."""
    if not NAME.fullmatch(name):
        raise StoreError(
            f"{name!r} is no user name: up to 64 lower-case letters, digits and . _ @ - (such as ada.byron)"
        )


def _unknown(name: str) -> StoreError:
    return StoreError(f"there is no user {name}; see `voicebot users list`")


def _user(row: Row[Any]) -> User:
    known = {role.value for role in Role}
    return User(
        name=row.name,
        password_hash=row.password_hash,
        roles=frozenset(Role(role) for role in row.roles if role in known),
        targets=tuple(row.targets),
        created_at=row.created_at,
        phone=row.phone,
    )
