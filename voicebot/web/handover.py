"""What travels with a call to the person who takes it: an opaque id, and where to look it up.

SIP headers end up in logs of every machine on the way, so they carry no personal data: only an id that expires
and means nothing without the agent's password.
"""

from __future__ import annotations

from voicebot.dialog.targets import Target, TargetKind

ISDN_TEXT = 0x04
VALUE_LIMIT = 255


def context_headers(target: Target, context_id: str, http_url: str) -> dict[str, str]:
    """SIP headers for the leg to `target`; none for a phone number, whose carriers need not know.

    `User-to-User` has no `purpose`, so the ISDN package applies (RFC 7434): the first octet is the protocol
    discriminator, 04 for text. `Call-Info` is RFC 3261 section 20.9.
    """
    if target.kind is TargetKind.PHONE or not context_id:
        return {}
    uui = bytes([ISDN_TEXT]) + context_id.encode("ascii", "ignore")
    headers = {
        "X-Voicebot-Call": context_id,
        "User-to-User": f"{uui.hex()};encoding=hex",
        "Call-Info": f"<{http_url}/agent/calls/{context_id}>;purpose=info",
    }
    return {name: header_value(value) for name, value in headers.items()}


def is_at(target: Target, address: str) -> bool:
    """Whether the dialled `address`, as a gateway tells it, is that of `target`; realms may differ."""
    if target.kind is TargetKind.PHONE:
        return _digits(target.address) == _digits(address)
    return _user(target.address) == _user(address)


def _user(address: str) -> str:
    return address.removeprefix("sips:").removeprefix("sip:").partition("@")[0].lower()


def _digits(number: str) -> str:
    return "".join(character for character in number if character.isdigit())


def header_value(text: str) -> str:
    """`text` as a SIP header may carry it: printable ASCII on one line, at most 255 bytes."""
    return "".join(character for character in text if " " <= character <= "~")[:VALUE_LIMIT].strip()
