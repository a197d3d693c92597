"""Rows are cut into batches by length, each of them once and none too large."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from tain.models.batch import by_length, collate


@given(lengths=st.lists(st.integers(1, 50), max_size=40), batch_tokens=st.integers(1, 200))
def test_every_row_is_in_one_batch_and_no_batch_is_larger_than_allowed_unless_one_row_is(lengths, batch_tokens):
    batches = list(by_length(lengths, batch_tokens=batch_tokens))
    assert sorted(index for batch in batches for index in batch) == list(range(len(lengths)))
    for batch in batches:
        widths = [lengths[index] for index in batch]
        assert len(batch) == 1 or len(batch) * max(widths) <= batch_tokens
        assert widths == sorted(widths)
    for batch, following in pairwise(batches):
        assert (len(batch) + 1) * lengths[following[0]] > batch_tokens


def test_a_width_is_rounded_up_but_not_past_the_limit():
    def width(n, **settings):
        return collate([[1] * n], pad_id=0, **settings)["input_ids"].shape[1]

    assert [width(n, multiple=16) for n in (3, 64, 65, 80, 81)] == [3, 64, 80, 80, 96]
    assert [width(n, multiple=16, limit=90) for n in (80, 81, 90, 95)] == [80, 90, 90, 95]
