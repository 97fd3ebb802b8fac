"""`voicebot deliveries`: what goes to the CRMs, from a terminal."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from voicebot.errors import ConfigError
from voicebot.settings import load

if TYPE_CHECKING:
    from voicebot.store.outbox import Outbox
    from voicebot.store.views import DeliveryState

deliveries_app = typer.Typer(help="Look at what goes to the CRMs; retry it, or drop it.", no_args_is_help=True)

Number = Annotated[int, typer.Argument(help="As `deliveries list` shows it.")]


@deliveries_app.command("list")
def list_(
    limit: Annotated[int, typer.Option(help="How many, newest first.")] = 20,
    state: Annotated[str, typer.Option(help="Only pending, done, dead or dropped ones.")] = "",
    target: Annotated[str, typer.Option(help="Only those for one CRM, such as hubspot.")] = "",
) -> None:
    """What goes to the CRMs and how far it got; first, which CRMs are not well."""
    from voicebot.show import delivery_line, target_line

    wanted = _state(state)
    with _outbox() as outbox:
        for trouble in outbox.targets.all():
            typer.echo(target_line(trouble, datetime.now(UTC)))
        for delivery in outbox.deliveries(wanted, limit, target or None):
            typer.echo(delivery_line(delivery))


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
