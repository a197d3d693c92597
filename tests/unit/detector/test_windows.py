import numpy as np
import pytest
from tests.detector_fixtures import made_up_texts
from tests.tiny import tiny_tokenizer

from tain.core.errors import ConfigError
from tain.detector.encoder import Encoder
from tain.detector.windows import FILL, cut_windows, plan_cuts


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return Encoder(tiny_tokenizer().backend_tokenizer)


def test_a_short_text_is_one_window_as_the_tokenizer_reads_it(encoder):
    text = made_up_texts(1, seed=1, low=50, high=50)[0]
    [[window]] = cut_windows([text], encoder, window_tokens=64)
    assert (window.start, window.end) == (0, len(text))
    assert window.token_ids == tiny_tokenizer()(text)["input_ids"]
    assert window.n_tokens == len(window.token_ids) - encoder.n_special


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("window_tokens", [18, 32, 64])
def test_every_character_is_in_exactly_one_window_and_none_is_too_long(encoder, seed, window_tokens):
    text = made_up_texts(1, seed=seed, low=60, high=900)[0]
    [windows] = cut_windows([text], encoder, window_tokens=window_tokens)
    assert [window.start for window in windows] == [0, *(window.end for window in windows[:-1])]
    assert windows[-1].end == len(text)
    assert max(len(window.token_ids) for window in windows) <= window_tokens


@pytest.mark.parametrize("n_words", [57, 58, 59, 61, 65, 113, 200])
def test_no_window_is_tiny(encoder, n_words):
    text = made_up_texts(1, seed=n_words, low=n_words, high=n_words)[0]
    sizes = [window.n_tokens for window in cut_windows([text], encoder, window_tokens=64)[0]]
    assert min(sizes) >= 0.45 * np.mean(sizes)


def test_windows_end_with_sentences_where_they_can(encoder):
    text = made_up_texts(1, seed=3, low=400, high=400)[0]
    [windows] = cut_windows([text], encoder, window_tokens=64)
    assert all(text[window.start : window.end].rstrip().endswith(".") for window in windows)


def test_a_text_without_sentences_is_cut_between_words(encoder):
    text = " ".join(["w1"] * 300)
    [windows] = cut_windows([text], encoder, window_tokens=64)
    assert sum(window.n_tokens for window in windows) == 300
    assert all(text[window.start : window.end].strip().split(" ") for window in windows)
    assert all(text[window.start - 1] == " " for window in windows[1:])


def test_a_text_without_spaces_is_cut_between_tokens():
    text = "abcd" * 50
    cuts = plan_cuts(text, list(range(len(text))), capacity=60)
    sizes = np.diff([0, *cuts, len(text)])
    assert sizes.max() <= 60
    assert len(sizes) == int(np.ceil(200 / (FILL * 60)))


def test_tokens_that_share_a_character_are_not_parted():
    starts = [0, 0, 0, 1, 1, 2, 2, 2] * 1
    assert set(plan_cuts("€ñ漢", starts, capacity=5)) <= {1, 2}


def test_windows_that_hold_next_to_nothing_are_refused(encoder):
    with pytest.raises(ConfigError, match=r"window_tokens is 8; expected at least 18"):
        cut_windows(["w1"], encoder, window_tokens=8)
