"""What holds for every text that goes through the normaliser."""

from hypothesis import given, settings
from hypothesis import strategies as st

from tain.corpora.normalise import get_normaliser

PIECES = (
    *("*", "**", "_", "__", "`", "``", "''", "```\n", "~~", "# ", "## ", "- ", "• ", "> ", "1. ", "2) ", "=", "|"),
    *("\n", "\n\n", "\r\n", "\t", " ", "  ", "—", "–", "--", "---", "…", "“", "”", "’", "«", "'", '"', "\u00a0"),
    *("(", ")", "[", "]", "](http://a.b)", "<br />", "<b>", "</b>", "<", ">", "&amp;", "&lt;", "&gt;", "amp;", "&"),
    *(";", ",", ".", " .", " ,", "!", "?", ":", " n't", " 's", "do", "word", "Word", "x", "7", "3.", "sure"),
    *("é", "e\u0301", "ﬁ", "½", "\u200b", "\u200d", "\ufeff", "а", "р", "ο", "ж", "한", "\u1112\u1161", "ﷺ", "´"),
    *("\x00", "\ud800", "😀", "\u0338", "Sure!", "Sure, here is the text:", "Here's an essay:", "Certainly!"),
    *(" I hope this helps!", " Let me know if you need more.", "*Sure!*"),
)

any_text = st.text(st.characters(codec=None, exclude_categories=()), max_size=80)
marked_up_text = st.lists(st.sampled_from(PIECES), max_size=25).map("".join)
NORMALISER = get_normaliser(1)


@settings(max_examples=250, deadline=None)
@given(any_text | marked_up_text)
def test_normalising_twice_changes_nothing_more(text: str) -> None:
    once = NORMALISER.normalise(text).text
    assert NORMALISER.normalise(once).text == once


@settings(max_examples=150, deadline=None)
@given(any_text | marked_up_text)
def test_offsets_ascend_and_stay_within_the_original(text: str) -> None:
    result = NORMALISER.normalise(text)
    offsets = list(result.offsets)
    assert len(offsets) == len(result.text) + 1
    assert offsets == sorted(offsets)
    assert all(0 <= offset <= len(text) for offset in offsets)
    spans = [result.original_span(i, i + 1) for i in range(len(result.text))]
    assert all(start < end <= len(text) or (start == end) for start, end in spans)
    assert [start for start, _ in spans] == offsets[:-1]


@settings(max_examples=150, deadline=None)
@given(marked_up_text, marked_up_text)
def test_a_word_maps_back_to_itself(before: str, after: str) -> None:
    text = f"{before} zebra {after}"
    result = NORMALISER.normalise(text)
    at = result.text.find("zebra")
    if at >= 0:
        assert result.original_span(at, at + 5) == (len(before) + 1, len(before) + 6)


@settings(max_examples=100, deadline=None)
@given(marked_up_text)
def test_the_span_of_the_whole_holds_every_word(text: str) -> None:
    result = NORMALISER.normalise(text)
    start, end = result.original_span(0, len(result.text))
    assert 0 <= start <= end <= len(text)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.sampled_from([p for p in PIECES if not any(c.isalnum() for c in p)]), max_size=20).map("".join))
def test_text_of_only_markup_keeps_no_line_breaks_or_double_spaces(text: str) -> None:
    plain = NORMALISER.normalise(text).text
    assert "\n" not in plain
    assert "  " not in plain
    assert plain == plain.strip()
