"""The CRMs the settings ask for."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from pydantic import SecretStr

from voicebot.crm import salesforce_http, zendesk_http
from voicebot.crm.callers import Callers
from voicebot.crm.finder import LOOK_TIMEOUTS, Finder
from voicebot.crm.http import TIMEOUTS
from voicebot.crm.hubspot import HubSpot
from voicebot.crm.hubspot_files import Shelf
from voicebot.crm.hubspot_http import Api
from voicebot.crm.hubspot_oauth import App, StoredToken
from voicebot.crm.hubspot_people import HubSpotPeople
from voicebot.crm.insight import Reader, Summariser
from voicebot.crm.pace import Pace
from voicebot.crm.port import Crm
from voicebot.crm.salesforce import Salesforce
from voicebot.crm.salesforce_people import SalesforcePeople
from voicebot.crm.salesforce_proof import Key, Secret
from voicebot.crm.vault import Vault
from voicebot.crm.webhook import Webhook
from voicebot.crm.webhook_target import Target
from voicebot.crm.zendesk import Zendesk, check_fields
from voicebot.crm.zendesk_people import ZendeskPeople
from voicebot.crm.zendesk_pop import ZendeskPop
from voicebot.dialog.crm_plan import CrmPlan
from voicebot.errors import SettingsError
from voicebot.privacy.marks import Mark
from voicebot.privacy.redact import Redactor
from voicebot.settings import PREFIX, Settings
from voicebot.settings import Crm as Choice
from voicebot.store.database import utc_now
from voicebot.store.insights import Insights
from voicebot.store.oauth import OAuthTokens
from voicebot.store.records import Records

_SEARCHES = 4
"""Searches for callers in a second; HubSpot allows five, and deliveries search too."""


def crms(settings: Settings) -> Mapping[str, Crm]:
    """Every configured CRM by its name, as the worker wants them. Makes no request.

    Raises SettingsError for a credential that cannot be one.
    """
    return {choice.value: _BUILDERS[choice](settings) for choice in settings.crm}


def check_plan(settings: Settings, plan: CrmPlan) -> None:
    """That the dialog file and the settings agree on who is told.

    Raises SettingsError naming the file, the key and the setting. Without any CRM in the settings there is
    nothing to disagree about: the same file serves a trial.
    """
    missing = [
        (key, name)
        for key, names in (
            ("crm.targets", plan.targets),
            ("crm.fields", plan.fields),
            ("crm.customer", plan.customer),
        )
        for name in names or ()
        if name not in settings.delivery_targets
    ]
    if settings.crm and missing:
        key, name = missing[0]
        raise SettingsError(
            f"{settings.dialog}: {key}: names {name}, but {PREFIX}CRM={','.join(settings.delivery_targets)} "
            f"does not: add it there, or take it out of the file"
        )
    try:
        check_fields(plan.fields.get("zendesk", {}).get("call", {}))
    except SettingsError as error:
        raise SettingsError(f"{settings.dialog}: {error}") from None


def hubspot_app(settings: Settings) -> App:
    """The HubSpot app the settings name. Raises SettingsError."""
    if not settings.hubspot_client_id or settings.hubspot_client_secret is None:
        raise SettingsError(
            "set VOICEBOT_HUBSPOT_CLIENT_ID and VOICEBOT_HUBSPOT_CLIENT_SECRET first; docs/hubspot.md"
        )
    return App(
        settings.hubspot_base_url,
        settings.hubspot_authorize_url,
        settings.hubspot_oauth_version,
        settings.hubspot_client_id,
        settings.hubspot_client_secret,
        files=settings.hubspot_upload_recordings,
    )


def reader(settings: Settings, records: Records, private: Collection[str]) -> Reader | None:
    """Who sums calls up for CRMs, if the settings name a model.

    private: names of the slots whose values nobody is told.
    """
    if not settings.summary_url:
        return None
    summariser = Summariser(
        settings.summary_url,
        settings.summary_model,
        settings.summary_api_key,
        # Everything that can be found is taken out here, whatever is kept in the records.
        Redactor(tuple(Mark), private).text,
        settings.summary_timeout,
    )
    return Reader(summariser, Insights(records.engine))


def callers(settings: Settings, records: Records, plan: CrmPlan) -> Callers | None:
    """Who is asked who calls: the CRMs the dialog chooses, as far as they know people. Makes no request."""
    if not settings.crm_callers:
        return None
    told = plan.chosen(settings.delivery_targets)
    finders: dict[str, Finder] = {
        choice.value: make(settings, plan.customer.get(choice.value, {}))
        for choice, make in _FINDERS.items()
        if choice.value in told
    }
    return Callers(finders, records.outbox.targets, settings.default_region) if finders else None


def zendesk_pop(settings: Settings, records: Records) -> ZendeskPop | None:
    """Who opens callers' pages at Zendesk, if agents are known there. Makes no request."""
    agents = settings.agents_at_zendesk
    if Choice.ZENDESK not in settings.crm or not agents:
        return None
    return ZendeskPop(_zendesk_api(settings, LOOK_TIMEOUTS), agents, records)


def _hubspot_people(settings: Settings, properties: Mapping[str, str]) -> Finder:
    # Searches have a limit of their own, five in a second.
    api = _hubspot_api(settings, LOOK_TIMEOUTS, Pace(_SEARCHES, 1.0))
    return HubSpotPeople(api, settings.default_region, settings.hubspot_contact_page, properties)


def _salesforce_people(settings: Settings, properties: Mapping[str, str]) -> Finder:
    api = _salesforce_api(settings, LOOK_TIMEOUTS)
    return SalesforcePeople(api, settings.default_region, settings.salesforce_url, properties)


def _zendesk_people(settings: Settings, properties: Mapping[str, str]) -> Finder:
    api = _zendesk_api(settings, LOOK_TIMEOUTS)
    return ZendeskPeople(api, settings.default_region, settings.zendesk_url, properties)


def _hubspot_api(settings: Settings, timeouts: tuple[float, float] = TIMEOUTS, pace: Pace | None = None) -> Api:
    token: SecretStr | StoredToken
    if settings.hubspot_token is not None:
        token = settings.hubspot_token
    else:
        vault = Vault.of(settings.token_keys, settings.data_dir)
        token = StoredToken(
            hubspot_app(settings), lambda: OAuthTokens.open(settings.database, utc_now), vault, utc_now
        )
    pace = pace or Pace(settings.hubspot_rate, 10.0)
    return Api(settings.hubspot_base_url, token, settings.hubspot_api_version, timeouts, pace)


def _hubspot(settings: Settings) -> Crm:
    return HubSpot(
        _hubspot_api(settings),
        settings.default_region,
        settings.hubspot_create_contact,
        activity=settings.hubspot_activity,
        guess=settings.hubspot_several == "newest",
        key=settings.hubspot_call_property,
        recordings=(
            Shelf(settings.recordings_dir, settings.keep_recordings_days)
            if settings.hubspot_upload_recordings
            else None
        ),
    )


def _salesforce_api(settings: Settings, timeouts: tuple[float, float] = TIMEOUTS) -> salesforce_http.Api:
    client, secret, key = (
        settings.salesforce_client_id,
        settings.salesforce_client_secret,
        settings.salesforce_private_key,
    )
    proof: Secret | Key
    if key is not None:
        proof = Key.of(client, settings.salesforce_username, settings.salesforce_login_url, key)
    elif secret is not None:
        proof = Secret(client, secret)
    else:
        raise SettingsError("VOICEBOT_CRM=salesforce needs VOICEBOT_SALESFORCE_CLIENT_SECRET")
    return salesforce_http.Api(settings.salesforce_url, proof, settings.salesforce_api_version, timeouts)


def _salesforce(settings: Settings) -> Crm:
    return Salesforce(
        _salesforce_api(settings),
        settings.default_region,
        settings.salesforce_external_id,
        settings.salesforce_create_lead,
    )


def _zendesk_api(settings: Settings, timeouts: tuple[float, float] = TIMEOUTS) -> zendesk_http.Api:
    if settings.zendesk_client_secret is None:
        raise SettingsError("VOICEBOT_CRM=zendesk needs VOICEBOT_ZENDESK_CLIENT_SECRET")
    return zendesk_http.Api(
        settings.zendesk_url,
        settings.zendesk_client_id,
        settings.zendesk_client_secret,
        settings.zendesk_scope,
        timeouts,
        Pace(settings.zendesk_rate, 60.0),
    )


def _zendesk(settings: Settings) -> Crm:
    return Zendesk(_zendesk_api(settings), settings.default_region, settings.zendesk_create_user)


def _webhook(settings: Settings) -> Crm:
    if settings.crm_webhook_secret is None:
        raise SettingsError("VOICEBOT_CRM=webhook needs VOICEBOT_CRM_WEBHOOK_SECRET")
    target = Target.of(settings.crm_webhook_url, settings.crm_webhook_private)
    return Webhook(target, settings.crm_webhook_secret, settings.crm_webhook_transcript)


_BUILDERS: dict[Choice, Callable[[Settings], Crm]] = {
    Choice.HUBSPOT: _hubspot,
    Choice.SALESFORCE: _salesforce,
    Choice.ZENDESK: _zendesk,
    Choice.WEBHOOK: _webhook,
}

_FINDERS: dict[Choice, Callable[[Settings, Mapping[str, str]], Finder]] = {
    Choice.HUBSPOT: _hubspot_people,
    Choice.SALESFORCE: _salesforce_people,
    Choice.ZENDESK: _zendesk_people,
}
