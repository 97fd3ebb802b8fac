"""A self-hosted phone voicebot server.

A phone number points at a gateway (jambonz, or anything that sends mu-law over a WebSocket); the call's audio
comes here, is understood, answered, or handed over to a person, and noted in the CRM.
"""

__version__ = "0.1.0"
