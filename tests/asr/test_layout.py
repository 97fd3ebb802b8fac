"""How a device's threads are shared out among batches."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicebot.asr.layout import Layout, share


@pytest.mark.parametrize(
    ("cores", "layout"),
    [
        (1, Layout(1, 1, 1)),
        (2, Layout(2, 1, 2)),
        (4, Layout(4, 1, 4)),
        (8, Layout(4, 2, 4)),
        (64, Layout(4, 4, 4)),
    ],
)
def test_many_callers_get_cores_side_by_side_and_one_gets_them_all(cores: int, layout: Layout) -> None:
    """A batch that is alone has up to four threads; several share the cores out."""
    assert share("cpu", cores) == layout


def test_a_gpu_does_one_batch_at_a_time() -> None:
    """Its batches are large instead, and the model is in its memory once."""
    assert share("cuda", 16) == Layout(1, 4, 4)


@pytest.mark.parametrize(
    ("threads", "workers", "layout"),
    [(1, 0, Layout(4, 1, 1)), (3, 0, Layout(2, 3, 3)), (0, 1, Layout(1, 4, 4)), (2, 3, Layout(3, 2, 2))],
)
def test_what_the_operator_says_is_done_with_one_copy_of_the_model(
    threads: int, workers: int, layout: Layout
) -> None:
    """On eight cores: threads or workers that are set are kept to, and a lone batch has no more than others."""
    assert share("cpu", 8, threads, workers) == layout


@given(st.integers(1, 256))
def test_a_cpu_is_never_asked_for_more_threads_than_it_has(cores: int) -> None:
    """All workers together, or one batch alone, fit the cores."""
    layout = share("cpu", cores)
    assert 1 <= layout.threads <= layout.alone <= cores
    assert 1 <= layout.workers * layout.threads <= cores
