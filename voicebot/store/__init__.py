"""What is known of calls: the live side (`Sessions`, in memory or Redis) and the lasting one (`Records`, SQL).

`Outbox` hands the notes owed to CRMs to the delivery worker, `Offers` are the calls offered to people; `build`
chooses what the settings ask for.
"""

from voicebot.store.memory import MemorySessions
from voicebot.store.offers import Offer, Offers, OfferState
from voicebot.store.outbox import Outbox
from voicebot.store.records import Records
from voicebot.store.sessions import Node, Session, Sessions
from voicebot.store.views import CallRow, CallState, CallView, Delivery, DeliveryState, TransferView

__all__ = [
    "CallRow",
    "CallState",
    "CallView",
    "Delivery",
    "DeliveryState",
    "MemorySessions",
    "Node",
    "Offer",
    "OfferState",
    "Offers",
    "Outbox",
    "Records",
    "Session",
    "Sessions",
    "TransferView",
]
