"""Which gateway speaks on which path."""

import pytest

from voicebot.gateways import JambonzWire, MulawJsonWire, gateway_for, select_subprotocol, wire_for


@pytest.mark.parametrize(
    ("path", "name", "kind"),
    [
        ("/audio/jambonz", "jambonz", JambonzWire),
        ("/audio/jambonz?x=1", "jambonz", JambonzWire),
        ("/audio", "mulaw", MulawJsonWire),
        ("/audio/", "mulaw", MulawJsonWire),
        ("/audio/twilio", "twilio", MulawJsonWire),
    ],
)
def test_a_path_names_its_gateway(path: str, name: str, kind: type) -> None:
    """Each path has one protocol, and every socket gets a wire of its own."""
    gateway = gateway_for(path)
    assert gateway is not None
    assert gateway.name == name
    first, second = wire_for(path), wire_for(path)
    assert isinstance(first, kind)
    assert first is not second


@pytest.mark.parametrize("path", ["/", "", "/audio/asterisk9", "/audiox", "/audio/jambonz/x"])
def test_unknown_paths_have_no_wire(path: str) -> None:
    """Nothing is spoken elsewhere."""
    assert wire_for(path) is None


@pytest.mark.parametrize(
    ("offered", "answer"),
    [
        (["audio.drachtio.org"], "audio.drachtio.org"),
        (["audio.jambonz.org"], "audio.jambonz.org"),
        (["chat", "audio.jambonz.org"], "audio.jambonz.org"),
        (["chat"], None),
        ([], None),
    ],
)
def test_only_an_offered_subprotocol_is_answered(offered: list[str], answer: str | None) -> None:
    """jambonz aborts on a name it did not offer, so either known name is echoed and none is made up."""
    assert select_subprotocol(offered) == answer
