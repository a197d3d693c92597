"""Windows, whatever the text."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tain.detector.encoder import Encoder
from tain.detector.windows import cut_windows
from tain.models import find_base

words = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=12)
long_texts = st.lists(words, min_size=1, max_size=120).map(" ".join)


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return Encoder.load(Path(find_base("minilm")))


@settings(max_examples=60, deadline=None)
@given(text=long_texts, window_tokens=st.integers(18, 64))
def test_windows_part_the_text_and_fit_the_network(encoder, text, window_tokens):
    [windows] = cut_windows([text], encoder, window_tokens=window_tokens)
    assert "".join(text[window.start : window.end] for window in windows) == text
    assert all(len(window.token_ids) == window.n_tokens + encoder.n_special <= window_tokens for window in windows)


@settings(max_examples=30, deadline=None)
@given(text=long_texts)
def test_windows_do_not_depend_on_what_else_is_cut(encoder, text):
    alone, other = (
        cut_windows([text], encoder, window_tokens=40),
        cut_windows(["x " * 99, text], encoder, window_tokens=40),
    )
    assert alone[0] == other[1]
