"""Sessions in Redis, shared by every process that uses the same `VOICEBOT_REDIS_URL`.

Redis holds the live view only. When it is away, each method here fails with StoreError within about two seconds.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError
from redis.retry import Retry

from voicebot.errors import SettingsError, StoreError
from voicebot.store.session_json import dump_node, dump_session, load_node, load_session
from voicebot.store.sessions import NODE_SECONDS, TOKEN_SECONDS, Node, Session, Sessions

SETTING = "VOICEBOT_REDIS_URL"
PREFIX = "voicebot"

CONNECT_SECONDS = 1.0
ANSWER_SECONDS = 1.0
HEALTH_CHECK_SECONDS = 15
"""A connection idle for longer is tried with a PING before it is used."""

NODE_MEMORY_SECONDS = 86_400
"""After this a node that went away is dropped from the index; whether it lives is its own key's lifetime."""


class RedisSessions(Sessions):
    """Live calls of all processes. session_ttl, context_ttl: seconds.

    client: decodes its responses to str; `connect` makes one.
    where: how messages name the server, without a password.
    """

    def __init__(self, client: Redis, session_ttl: int, context_ttl: int, where: str = SETTING) -> None:
        self._redis = client
        self._session_ttl = session_ttl
        self._context_ttl = context_ttl
        self._where = where

    def open(self, session: Session) -> Session:
        key = _key("session", session.call_id)
        with self._errors():
            # The second round is for a session that expired between the two commands of the first.
            for _ in range(2):
                if self._redis.set(key, dump_session(session), nx=True, ex=self._session_ttl):
                    return session
                kept = self._get(key)
                if kept is not None:
                    return load_session(kept)
        raise StoreError(f"{self._where}: the session of call {session.call_id} could not be kept")

    def get(self, call_id: str) -> Session | None:
        with self._errors():
            kept = self._get(_key("session", call_id))
        return None if kept is None else load_session(kept)

    def put(self, session: Session) -> None:
        with self._errors():
            self._redis.set(_key("session", session.call_id), dump_session(session), ex=self._session_ttl)

    def close(self, call_id: str) -> None:
        with self._errors():
            self._redis.delete(_key("session", call_id))

    def issue_token(self, call_id: str) -> str:
        token = secrets.token_hex(16)
        with self._errors():
            self._redis.set(_key("token", token), call_id, ex=TOKEN_SECONDS)
        return token

    def redeem_token(self, token: str) -> str | None:
        with self._errors():
            call_id = self._redis.getdel(_key("token", token))
        return None if call_id is None else str(call_id)

    def issue_context(self, call_id: str) -> str:
        context_id = secrets.token_hex(16)
        with self._errors():
            self._redis.set(_key("context", context_id), call_id, ex=self._context_ttl)
        return context_id

    def resolve_context(self, context_id: str) -> str | None:
        with self._errors():
            return self._get(_key("context", context_id))

    def claim_context(self, context_id: str, agent: str) -> str | None:
        owner = _key("owner", context_id)
        with self._errors():
            call_id = self._get(_key("context", context_id))
            if call_id is None:
                return None
            if self._redis.set(owner, agent, nx=True, ex=self._context_ttl):
                return call_id
            return call_id if self._get(owner) == agent else None

    def announce(self, node: Node) -> None:
        now = time.time()
        index = _key("nodes")
        with self._errors(), self._redis.pipeline(transaction=True) as commands:
            commands.set(_key("node", node.name), dump_node(node), ex=NODE_SECONDS)
            commands.zadd(index, {node.name: now})
            commands.zremrangebyscore(index, "-inf", now - NODE_MEMORY_SECONDS)
            commands.execute()

    def nodes(self) -> Sequence[Node]:
        with self._errors():
            names = [str(name) for name in self._redis.zrange(_key("nodes"), 0, -1)]
            found = self._redis.mget([_key("node", name) for name in names]) if names else []
        return sorted((load_node(str(text)) for text in found if text is not None), key=lambda node: node.name)

    def ping(self) -> None:
        with self._errors():
            self._redis.ping()

    def _get(self, key: str) -> str | None:
        kept = self._redis.get(key)
        return None if kept is None else str(kept)

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except RedisError as error:
            raise StoreError(f"{self._where}: {error or type(error).__name__}") from None


def connect(url: str, session_ttl: int, context_ttl: int) -> RedisSessions:
    """Sessions at `url` (redis://, rediss:// or unix://). Connects at first use.

    Raises SettingsError for a URL that is none.
    """
    try:
        client = Redis.from_url(
            url,
            decode_responses=True,
            socket_connect_timeout=CONNECT_SECONDS,
            socket_timeout=ANSWER_SECONDS,
            health_check_interval=HEALTH_CHECK_SECONDS,
            # Once more at once, for a connection that a restart of Redis has cut; the client's own default would
            # wait seconds between attempts while a caller listens to silence.
            retry=Retry(NoBackoff(), 1, supported_errors=(RedisConnectionError,)),
        )
    except (ValueError, TypeError):
        raise SettingsError(
            f"{SETTING} is no Redis URL: write redis://host:6379/0, rediss://user:password@host:6379/0 "
            "or unix:///path/to/redis.sock"
        ) from None
    return RedisSessions(client, session_ttl, context_ttl, _where(client))


def _where(client: Redis) -> str:
    options = client.connection_pool.connection_kwargs
    if "path" in options:
        return f"{SETTING} ({options['path']})"
    return f"{SETTING} ({options.get('host', 'localhost')}:{options.get('port', 6379)}/{options.get('db', 0)})"


def _key(*parts: str) -> str:
    return ":".join((PREFIX, *parts))
