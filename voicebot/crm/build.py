"""The CRMs the settings ask for."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from voicebot.crm.hubspot import HubSpot
from voicebot.crm.hubspot_http import Api
from voicebot.crm.port import Crm
from voicebot.dialog.types import CrmPlan
from voicebot.errors import SettingsError
from voicebot.settings import PREFIX, Settings
from voicebot.settings import Crm as Choice


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
    missing = [name for name in plan.targets or plan.fields if name not in settings.delivery_targets]
    if settings.crm and missing:
        key = "crm.targets" if plan.targets is not None else "crm.fields"
        raise SettingsError(
            f"{settings.dialog}: {key}: names {missing[0]}, but {PREFIX}CRM={','.join(settings.delivery_targets)} "
            f"does not: add it there, or take it out of the file"
        )


def _hubspot(settings: Settings) -> Crm:
    if settings.hubspot_token is None:
        raise SettingsError("VOICEBOT_CRM=hubspot needs VOICEBOT_HUBSPOT_TOKEN (a HubSpot service key)")
    api = Api(settings.hubspot_base_url, settings.hubspot_token, settings.hubspot_api_version)
    return HubSpot(api, settings.default_region, settings.hubspot_create_contact)


_BUILDERS: dict[Choice, Callable[[Settings], Crm]] = {Choice.HUBSPOT: _hubspot}
