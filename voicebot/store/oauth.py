"""OAuth tokens of CRM accounts, sealed, and whose turn it is to renew them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import or_, select, update

from voicebot.store.database import Part, insert_unless_there, open_engine
from voicebot.store.schema import oauth_tokens


@dataclass(frozen=True, slots=True)
class Kept:
    """The tokens of one account. sealed: by `voicebot.crm.vault`. expires_at: end of the access token."""

    sealed: str
    expires_at: datetime


class OAuthTokens(Part):
    """The tokens of every account, safe from any thread and process. Raises StoreError. now: aware, UTC."""

    @classmethod
    def open(cls, url: str, now: Callable[[], datetime]) -> OAuthTokens:
        """The tokens in the database at SQLAlchemy URL `url`."""
        return cls(open_engine(url), now)

    def close(self) -> None:
        """Let go of every connection."""
        self.engine.dispose()

    def get(self, account: str) -> Kept | None:
        """What is kept of `account`, or None."""
        query = select(oauth_tokens).where(oauth_tokens.c.account == account)
        with self._read() as db:
            row = db.execute(query).one_or_none()
            return None if row is None else Kept(row.sealed, row.expires_at)

    def put(self, account: str, sealed: str, expires_at: datetime) -> None:
        """Keep these, and let go of the turn."""
        values = {"sealed": sealed, "expires_at": expires_at, "renewing_until": None, "renewed_by": ""}
        with self._write() as db:
            if not insert_unless_there(db, oauth_tokens, account=account, **values):
                db.execute(update(oauth_tokens).where(oauth_tokens.c.account == account).values(**values))

    def take_turn(self, account: str, owner: str, seconds: float) -> bool:
        """Whether it is `owner`'s turn, for `seconds`, to renew: nobody else's meanwhile."""
        now = self._now()
        free = or_(oauth_tokens.c.renewing_until.is_(None), oauth_tokens.c.renewing_until <= now)
        taken = (
            update(oauth_tokens)
            .where(oauth_tokens.c.account == account, free)
            .values(renewing_until=now + timedelta(seconds=seconds), renewed_by=owner)
        )
        with self._write() as db:
            return db.execute(taken).rowcount == 1

    def give_turn(self, account: str, owner: str) -> None:
        """`owner` did not renew: the next may try."""
        mine = (oauth_tokens.c.account == account, oauth_tokens.c.renewed_by == owner)
        with self._write() as db:
            db.execute(update(oauth_tokens).where(*mine).values(renewing_until=None, renewed_by=""))

    def accounts(self) -> list[str]:
        """Every account there are tokens of."""
        with self._read() as db:
            return list(db.scalars(select(oauth_tokens.c.account).order_by(oauth_tokens.c.account)))
