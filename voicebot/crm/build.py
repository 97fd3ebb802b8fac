"""The CRM the settings ask for."""

from __future__ import annotations

from collections.abc import Mapping

from voicebot.crm.hubspot import HubSpot
from voicebot.crm.hubspot_http import Api
from voicebot.crm.port import Crm
from voicebot.errors import SettingsError
from voicebot.settings import Crm as Choice
from voicebot.settings import Settings


def build(settings: Settings) -> Crm | None:
    """The configured CRM, or None. Makes no request. Raises SettingsError for a token that cannot be one."""
    if settings.crm is Choice.NONE:
        return None
    if settings.hubspot_token is None:
        raise SettingsError("VOICEBOT_CRM=hubspot needs VOICEBOT_HUBSPOT_TOKEN (a HubSpot service key)")
    api = Api(settings.hubspot_base_url, settings.hubspot_token, settings.hubspot_api_version)
    return HubSpot(api, settings.default_region, settings.hubspot_create_contact)


def crms(settings: Settings) -> Mapping[str, Crm]:
    """Every configured CRM by its name, as the worker and the ends of calls want them."""
    crm = build(settings)
    return {} if crm is None else {crm.name: crm}
