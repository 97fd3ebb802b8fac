"""OAuth tokens of CRM accounts, sealed, and whose turn it is to renew them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Engine, or_, select, update

from voicebot.store.database import insert_unless_there, open_engine, reader, store_errors
from voicebot.store.schema import oauth_tokens


@dataclass(frozen=True, slots=True)
class Kept:
    """The tokens of one account. sealed: by `voicebot.crm.vault`. expires_at: end of the access token."""

    sealed: str
    expires_at: datetime


class OAuthTokens:
    """The tokens of every account, safe from any thread and process. Raises StoreError. now: aware, UTC."""

    def __init__(self, engine: Engine, now: Callable[[], datetime]) -> None:
        self._engine = engine
        self._reader = reader(engine)
        self._now = now

    @classmethod
    def open(cls, url: str, now: Callable[[], datetime]) -> OAuthTokens:
        """The tokens in the database at SQLAlchemy URL `url`."""
        return cls(open_engine(url), now)

    def close(self) -> None:
        """Let go of every connection."""
        self._engine.dispose()

    def get(self, account: str) -> Kept | None:
        """What is kept of `account`, or None."""
        query = select(oauth_tokens).where(oauth_tokens.c.account == account)
        with store_errors(self._engine.url), self._reader.begin() as db:
            row = db.execute(query).one_or_none()
            return None if row is None else Kept(row.sealed, row.expires_at)

    def put(self, account: str, sealed: str, expires_at: datetime) -> None:
        """Keep these, and let go of the turn."""
        values = {"sealed": sealed, "expires_at": expires_at, "renewing_until": None, "renewed_by": ""}
        with store_errors(self._engine.url), self._engine.begin() as db:
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
        with store_errors(self._engine.url), self._engine.begin() as db:
            return db.execute(taken).rowcount == 1

    def give_turn(self, account: str, owner: str) -> None:
        """`owner` did not renew: the next may try."""
        mine = (oauth_tokens.c.account == account, oauth_tokens.c.renewed_by == owner)
        with store_errors(self._engine.url), self._engine.begin() as db:
            db.execute(update(oauth_tokens).where(*mine).values(renewing_until=None, renewed_by=""))

    def accounts(self) -> list[str]:
        """Every account there are tokens of."""
        with store_errors(self._engine.url), self._reader.begin() as db:
            return list(db.scalars(select(oauth_tokens.c.account).order_by(oauth_tokens.c.account)))
