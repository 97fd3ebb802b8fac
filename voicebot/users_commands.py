"""`voicebot users`: who may sign in at the pages."""

from __future__ import annotations

import contextlib
import secrets
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from voicebot.errors import StoreError
from voicebot.roles import Role
from voicebot.settings import load

if TYPE_CHECKING:
    from voicebot.store.users import User, Users

SHORTEST_PASSWORD = 10

users_app = typer.Typer(help="Who may sign in at the pages: agents, supervisors, operators.", no_args_is_help=True)


@users_app.command("add")
def add(
    name: Annotated[str, typer.Argument(help="Lower-case letters, digits and . _ @ -")],
    role: Annotated[
        list[Role],
        typer.Option(
            "--role", help="agent (desk), supervisor (queue, all calls), ops (/ops); may be given more than once."
        ),
    ],
    target: Annotated[
        list[str] | None,
        typer.Option("--target", help="Target of the dialog file whose calls are shown; all if never given."),
    ] = None,
    phone: Annotated[
        str,
        typer.Option("--phone", help="What their telephone shows as the caller, if that is not NAME; for queues."),
    ] = "",
    generate: Annotated[bool, typer.Option("--generate", help="Make a password up and print it.")] = False,
) -> None:
    """Let a person sign in. The password is asked for (or read from standard input), or made up."""
    from voicebot.store.users import check_name

    # Before a password is asked for, or made up and shown.
    check_name(name)
    targets = tuple(target or ())
    _check_targets(targets)
    with _users() as users:
        if users.get(name) is not None:
            raise StoreError(f"there is a user {name} already; see `voicebot users list`")
        user = users.add(name, _password(generate), role, targets, phone)
        page = "/agent" if user.may(Role.AGENT) else "/sign-in"
        typer.echo(f"{_line(user)}\nsigns in at {load().http_url}{page}")


@users_app.command("list")
def list_() -> None:
    """Everybody who may sign in, one line each."""
    with _users() as users:
        for user in users.everybody():
            typer.echo(_line(user))


@users_app.command("password")
def password(
    name: Annotated[str, typer.Argument(help="As `users list` shows it.")],
    generate: Annotated[bool, typer.Option("--generate", help="Make a password up and print it.")] = False,
) -> None:
    """Give a person another password; their open sessions end."""
    with _users() as users:
        if users.get(name) is None:
            raise StoreError(f"there is no user {name}; see `voicebot users list`")
        users.set_password(name, _password(generate))
        typer.echo(f"{name} has a new password")


@users_app.command("remove")
def remove(name: Annotated[str, typer.Argument(help="As `users list` shows it.")]) -> None:
    """Let a person sign in no more. What they wrote about calls stays."""
    with _users() as users:
        users.remove(name)
        typer.echo(f"{name} cannot sign in any more")


@contextlib.contextmanager
def _users() -> Iterator[Users]:
    from voicebot.store.records import Records

    records = Records.open(load().database)
    try:
        yield records.users
    finally:
        records.close()


def _password(generate: bool) -> str:
    """A password nobody sees among processes or in a shell's history. Raises StoreError for a short one."""
    if generate:
        made = secrets.token_urlsafe(15)
        typer.echo(f"password: {made}")
        return made
    if sys.stdin.isatty():
        typed = str(typer.prompt("Password", hide_input=True, confirmation_prompt=True))
    else:
        typed = sys.stdin.readline().rstrip("\r\n")
    if len(typed) < SHORTEST_PASSWORD:
        raise StoreError(f"a password has at least {SHORTEST_PASSWORD} characters; --generate makes one up")
    return typed


def _check_targets(targets: tuple[str, ...]) -> None:
    """A misspelt target would be a desk at which nothing ever rings."""
    if not targets:
        return
    from voicebot.dialog import load as load_dialog

    dialog = load_dialog(load().dialog)
    known = {*dialog.targets, dialog.fallback.name}
    unknown = [target for target in targets if target not in known]
    if unknown:
        raise StoreError(f"{load().dialog} has no target {', '.join(unknown)}; it has {', '.join(sorted(known))}")


def _line(user: User) -> str:
    roles = ", ".join(sorted(role.value for role in user.roles))
    phone = f"  at {user.phone}" if user.phone else ""
    return f"{user.name:24} {roles:28} {', '.join(user.targets) or 'every target'}{phone}"
