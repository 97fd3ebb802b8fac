"""What operators see of deliveries: which CRMs are not well, what waits, what was given up; and their buttons."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, Response, abort, flash, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from voicebot.errors import StoreConflict
from voicebot.roles import Role
from voicebot.settings import Settings
from voicebot.show import TARGET_WORDS
from voicebot.store.records import Records
from voicebot.store.views import Backlog, Delivery, DeliveryState, Target, TargetState
from voicebot.web.desk import csrf
from voicebot.web.desk.access import requires
from voicebot.web.desk.call_page import CRM_NAMES, DELIVERY_WORDS
from voicebot.web.errors import wants_page

LIST_LIMIT = 50
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


def blueprint(settings: Settings, records: Records) -> Blueprint:
    """`/ops/deliveries` with its buttons, for which `/ops` is short, and `/ops/metrics`; for the role `ops`."""
    pages = Blueprint("ops", __name__)
    pages.before_request(csrf.check)
    outbox = records.outbox

    @pages.get("/ops", strict_slashes=False)
    @requires(Role.OPS)
    def first() -> ResponseReturnValue:
        return redirect(url_for("ops.deliveries"), 303)

    @pages.get("/ops/deliveries")
    @requires(Role.OPS)
    def deliveries() -> ResponseReturnValue:
        state, target, before = _state(request.args.get("state", "")), request.args.get("target"), _before()
        found = outbox.deliveries(state, LIST_LIMIT + 1, target or None, before)
        listed, more = found[:LIST_LIMIT], len(found) > LIST_LIMIT
        backlog, targets, now = outbox.backlog(), outbox.targets.all(), datetime.now(UTC)
        if not wants_page():
            return jsonify(
                targets=[_target(each) for each in targets],
                backlog=[_backlog(each) for each in backlog],
                deliveries=[_delivery(each) for each in listed],
            )
        return render_template(
            "ops/deliveries.html",
            deliveries=listed,
            next=listed[-1].id if more else None,
            state=state,
            target=target or "",
            counts=_counts(backlog, target),
            targets=targets,
            names=_names(settings, backlog),
            configured=settings.delivery_targets,
            states=DeliveryState,
            words=DELIVERY_WORDS,
            target_words=TARGET_WORDS,
            crm_names=CRM_NAMES,
            resting={each.name for each in targets if each.until > now},
            now=now,
        )

    @pages.post("/ops/deliveries/<int:identity>/<any(retry, drop):what>")
    @requires(Role.OPS)
    def one(identity: int, what: str) -> ResponseReturnValue:
        try:
            if what == "retry":
                outbox.revive(identity)
            else:
                outbox.drop(identity)
        except StoreConflict as error:
            return _done(str(error), 409)
        return _done(f"Delivery {identity} {'is due now' if what == 'retry' else 'will not be written'}.")

    @pages.post("/ops/deliveries/retry")
    @requires(Role.OPS)
    def everything() -> ResponseReturnValue:
        count = outbox.revive_all(request.form.get("target") or None)
        return _done(f"{count} {'delivery is' if count == 1 else 'deliveries are'} due now.")

    @pages.get("/ops/metrics")
    @requires(Role.OPS)
    def metrics() -> ResponseReturnValue:
        registry = CollectorRegistry(auto_describe=False)
        registry.register(_Numbers(outbox.backlog(), outbox.targets.all(), datetime.now(UTC)))
        return Response(generate_latest(registry), content_type=CONTENT_TYPE)

    return pages


class _Numbers(Collector):
    """The deliveries, for alarms: what waits and since when, what was given up, which CRM is stopped."""

    def __init__(self, backlog: Iterable[Backlog], targets: Iterable[Target], now: datetime) -> None:
        self._backlog = list(backlog)
        self._targets = list(targets)
        self._now = now

    def collect(self) -> list[Metric]:
        count = GaugeMetricFamily("voicebot_deliveries", "Notes for CRMs, by state.", labels=["crm", "state"])
        oldest = GaugeMetricFamily(
            "voicebot_delivery_oldest_seconds", "How long the oldest waiting note is owed.", labels=["crm"]
        )
        unwell = GaugeMetricFamily(
            "voicebot_crm_unwell", "CRMs left alone: refused, failing or throttled.", labels=["crm", "state"]
        )
        for each in self._backlog:
            count.add_metric([each.target, each.state.value], each.count)
            if each.state is DeliveryState.PENDING:
                oldest.add_metric([each.target], (self._now - each.oldest).total_seconds())
        for target in self._targets:
            for state in TargetState:
                unwell.add_metric([target.name, state.value], float(state is target.state))
        return [count, oldest, unwell]


def _done(said: str, status: int = 200) -> ResponseReturnValue:
    if not wants_page():
        return jsonify(said=said), status
    flash(said)
    state, target = request.form.get("shown_state"), request.form.get("shown_target")
    return redirect(url_for("ops.deliveries", state=state, target=target), 303)


def _state(name: str) -> DeliveryState | None:
    try:
        return DeliveryState(name) if name else None
    except ValueError:
        abort(404)


def _before() -> int | None:
    given = request.args.get("before", "")
    return int(given) if given.isdecimal() and len(given) < 18 else None


def _counts(backlog: Iterable[Backlog], target: str | None) -> dict[DeliveryState, int]:
    counts = dict.fromkeys(DeliveryState, 0)
    for each in backlog:
        if not target or each.target == target:
            counts[each.state] += each.count
    return counts


def _names(settings: Settings, backlog: Iterable[Backlog]) -> list[str]:
    return list(dict.fromkeys([*settings.delivery_targets, *(each.target for each in backlog)]))


def _delivery(delivery: Delivery) -> dict[str, Any]:
    return {
        "id": delivery.id,
        "call_id": delivery.call_id,
        "target": delivery.target,
        "state": delivery.state.value,
        "attempts": delivery.attempts,
        "due_at": delivery.due_at.isoformat(),
        "created_at": delivery.created_at.isoformat(),
        "last_error": delivery.last_error,
        "external_id": delivery.external_id,
        "wrap_up": delivery.wrap_up,
    }


def _target(target: Target) -> dict[str, Any]:
    return {
        "name": target.name,
        "state": target.state.value,
        "reason": target.reason,
        "since": target.since.isoformat(),
        "until": target.until.isoformat(),
    }


def _backlog(backlog: Backlog) -> dict[str, Any]:
    oldest = backlog.oldest.isoformat()
    return {"target": backlog.target, "state": backlog.state.value, "count": backlog.count, "oldest": oldest}
