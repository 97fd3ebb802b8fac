"""`voicebot deliveries` and `voicebot crm`: what goes to the CRMs, and how they are connected."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from voicebot import terminal
from voicebot.errors import ConfigError
from voicebot.settings import load

if TYPE_CHECKING:
    from voicebot.store.oauth import OAuthTokens
    from voicebot.store.outbox import Outbox
    from voicebot.store.views import DeliveryState

deliveries_app = typer.Typer(help="Look at what goes to the CRMs; retry it, or drop it.", no_args_is_help=True)

crm_app = typer.Typer(help="Connect CRM accounts.", no_args_is_help=True)

Number = Annotated[int, typer.Argument(help="As `deliveries list` shows it.")]


@deliveries_app.command("list")
def list_(
    limit: Annotated[int, typer.Option(min=1, max=terminal.MOST_LINES, help="How many, newest first.")] = 20,
    state: Annotated[str, typer.Option(help="Only pending, done, dead or dropped ones.")] = "",
    target: Annotated[str, typer.Option(help="Only those for one CRM, such as hubspot.")] = "",
) -> None:
    """What goes to the CRMs and how far it got; first, which CRMs are not well."""
    from voicebot.show import delivery_line, target_line

    wanted = _state(state)
    with _outbox() as outbox:
        for trouble in outbox.targets.all():
            terminal.say(target_line(trouble, datetime.now(UTC)))
        for delivery in outbox.deliveries(wanted, limit, target or None):
            terminal.say(delivery_line(delivery))


@deliveries_app.command()
def retry(
    delivery_id: Annotated[int | None, typer.Argument(help="As `deliveries list` shows it.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="All that waits or was given up.")] = False,
    target: Annotated[str, typer.Option(help="With --all: only of one CRM, such as hubspot.")] = "",
) -> None:
    """Try now what waits or was given up; a CRM that is left alone is asked again."""
    if (delivery_id is None) is not everything or (target and not everything):
        raise ConfigError("name one delivery, or say --all (with --target for one CRM)")
    with _outbox() as outbox:
        if delivery_id is None:
            typer.echo(f"{outbox.revive_all(target or None)} deliveries are due now")
        else:
            outbox.revive(delivery_id)
            typer.echo(f"delivery {delivery_id} is due now")


@deliveries_app.command()
def drop(delivery_id: Number) -> None:
    """Do not write a note that waits or was given up; `retry` takes that back."""
    with _outbox() as outbox:
        outbox.drop(delivery_id)
        typer.echo(f"delivery {delivery_id} will not be written")


@crm_app.command()
def connect(
    crm: Annotated[str, typer.Argument(help="hubspot; the others need no person.")],
    port: Annotated[int, typer.Option(help="Where the browser comes back to; in the app's redirect URL.")] = 4020,
    paste: Annotated[bool, typer.Option("--paste", help="The browser is on another machine.")] = False,
) -> None:
    """Allow voicebot to use an account (OAuth 2.0): opens with an address for your browser."""
    from voicebot.crm.build import hubspot_app
    from voicebot.crm.connect import connect as run
    from voicebot.crm.hubspot_oauth import keep
    from voicebot.crm.vault import Vault
    from voicebot.store.database import utc_now

    if crm != "hubspot":
        raise ConfigError(f"{crm}: only hubspot is connected by a person; docs/crm.md")
    settings = load()
    vault = Vault.of(settings.token_keys, settings.data_dir)

    def ask() -> str:
        return str(typer.prompt("Paste the address the browser was sent to"))

    tokens = run(hubspot_app(settings), port, typer.echo, ask if paste else None)
    with _tokens() as store:
        keep(store, vault, tokens, utc_now())
    typer.echo(f"connected to the HubSpot account {tokens.hub or '(unnamed)'}; `voicebot doctor` proves it")


@crm_app.command("rotate-keys")
def rotate_keys() -> None:
    """Encrypt what is kept with the first of VOICEBOT_TOKEN_KEYS; the others may then be taken out."""
    from voicebot.crm.vault import Vault

    settings = load()
    vault = Vault.of(settings.token_keys, settings.data_dir)
    with _tokens() as store:
        for account in store.accounts():
            kept = store.get(account)
            if kept is not None:
                store.put(account, vault.rotate(kept.sealed), kept.expires_at)
                typer.echo(f"{account}: encrypted anew")


def _state(name: str) -> DeliveryState | None:
    from voicebot.store.views import DeliveryState

    if not name:
        return None
    try:
        return DeliveryState(name)
    except ValueError:
        raise ConfigError(f"--state {name}: say {', '.join(each.value for each in DeliveryState)}") from None


@contextlib.contextmanager
def _outbox() -> Iterator[Outbox]:
    from voicebot.store.records import Records

    records = Records.open(load().database)
    try:
        yield records.outbox
    finally:
        records.close()


@contextlib.contextmanager
def _tokens() -> Iterator[OAuthTokens]:
    from voicebot.store.database import utc_now
    from voicebot.store.oauth import OAuthTokens

    store = OAuthTokens.open(load().database, utc_now)
    try:
        yield store
    finally:
        store.close()
