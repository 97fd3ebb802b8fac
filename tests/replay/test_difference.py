"""Two conversations side by side."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from voicebot.call.record import Disposition, EndEntry, Speaker, Timings, TurnEntry
from voicebot.replay.difference import Said, alike, conversation, unified

SOME = [Said(float(at), "caller" if at % 2 else "bot", f'"{at}"') for at in range(12)]
NAMES = ("before", "after")


def test_a_turn_says_all_there_is_to_say() -> None:
    """Who, when, what, how it was taken, and how long it waited for its answer."""
    turn = TurnEntry(
        1,
        Speaker.CALLER,
        "my order",
        4.0,
        5.0,
        keys="12#",
        intent="order_status",
        slots={"number": "12"},
        timings=Timings(last_voice=5.0, answered=5.4),
    )
    end = EndEntry(9.0, Disposition.TRANSFERRED, "requested", "order_status", 0.9, {}, "Asked about order 12.")
    assert [str(said) for said in conversation([turn], end)] == [
        '   4.00  caller  "my order"[keys 12#]  [order_status; number=12; answered in 0.40 s]',
        "   9.00  end     transferred, requested  [intent order_status; Asked about order 12.]",
    ]


def test_only_what_differs_and_its_neighbours_are_shown() -> None:
    """As in a unified diff: two turns around each difference, a mark where turns are left out."""
    after = [*SOME[:5], Said(5.0, "caller", '"five"'), *SOME[6:]]
    assert unified(SOME, after, NAMES).splitlines() == [
        "--- before",
        "+++ after",
        "@@",
        f"  {SOME[3]}",
        f"  {SOME[4]}",
        f"- {SOME[5]}",
        '+    5.00  caller  "five"',
        f"  {SOME[6]}",
        f"  {SOME[7]}",
    ]


def test_a_later_answer_is_a_difference_and_a_beat_is_none() -> None:
    """What a caller can notice counts; the steps of the clock do not."""
    turn = Said(1.0, "caller", '"hello"', waited=0.40)
    assert alike([turn], [Said(1.2, "caller", '"hello"', waited=0.44)])
    assert "answered in 0.70 s" in unified([turn], [Said(1.0, "caller", '"hello"', waited=0.70)], NAMES)
    assert not alike([turn], [Said(1.0, "caller", '"hello"')])


def test_a_sentence_cut_a_word_later_is_the_same() -> None:
    """Where an interruption cut it is reckoned; several words are a difference all the same."""
    cut = Said(1.0, "bot", '"your order has been waiting"', ("interrupted",), cut=True)
    assert alike([cut], [Said(1.0, "bot", '"your order has been waiting in"', ("interrupted",), cut=True)])
    longer = Said(1.0, "bot", '"your order has been waiting in Narvik since May"', ("interrupted",), cut=True)
    assert unified([cut], [longer], NAMES)


said = st.builds(
    Said,
    st.floats(0, 99),
    st.sampled_from(["bot", "caller"]),
    st.sampled_from("abc"),
    waited=st.none() | st.floats(0, 2),
)


@given(st.lists(said, max_size=8), st.lists(said, max_size=8))
def test_what_is_shown_is_there(before: list[Said], after: list[Said]) -> None:
    """Every line after a minus is of the first, every other one of the second; nothing is shown when alike."""
    shown = unified(before, after, NAMES).splitlines()
    assert bool(shown) != alike(before, after)
    for line in shown[2:]:
        if line != "@@":
            assert line[2:] in [str(one) for one in (before if line.startswith("-") else after)]
