import numpy as np
import pytest

from tain.evaluation.attacks.markdown_stripping import MarkdownStripping


def stripped(text, *, strength=1.0, seed=0):
    return MarkdownStripping().apply(text, strength=strength, rng=np.random.default_rng(seed))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("# Title\n## Part", "Title\nPart"),
        ("- one\n* two\n+ three\n• four", "one\ntwo\nthree\nfour"),
        ("1. one\n2. two\n10) ten", "one\ntwo\n10) ten"),
        ("> said\n> > again", "said\nagain"),
        ("***\na\n---\n", "\na\n\n"),
        ("```python\nx = 1\n```", "\nx = 1\n"),
        ("**bold** *it* ***both*** __b__ _i_ `code` ~~no~~", "bold it both b i code no"),
        ("[here](http://a.example/b) ![pic](c.png)", "here pic"),
        ("- **bold** and [**x**](y)", "bold and x"),
    ],
)
def test_marks_go_and_words_stay(text, expected):
    assert stripped(text).text == expected


@pytest.mark.parametrize(
    "text",
    ["2 * 3 * 4", "snake_case_name", "a*b*c", "*footnote", "#hashtag", "-5 degrees", "in the year\n1984. It was", "a_"],
)
def test_what_only_looks_like_a_mark_stays(text):
    assert stripped(text).n_edits == 0


def test_a_pair_goes_together():
    for seed in range(10):
        made = stripped("**a** **b** **c** **d**", strength=0.5, seed=seed)
        assert made.n_edits == 4
        assert made.text.count("**") == 4
