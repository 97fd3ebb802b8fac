"""Notes about calls for the CRM: what they say (`note`), whom they are for (`addressee`), where they go (`hubspot`
and its like), and the worker that sees them delivered once. What others may use is named here."""

from voicebot.crm.build import check_plan, crms
from voicebot.crm.compose import compose
from voicebot.crm.port import Attempt, CallNote, Crm, NoteTurn
from voicebot.crm.worker import DeliveryWorker

__all__ = ["Attempt", "CallNote", "Crm", "DeliveryWorker", "NoteTurn", "check_plan", "compose", "crms"]
