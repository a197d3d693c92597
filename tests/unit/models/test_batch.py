"""Rows are cut into batches by length, each of them once and none too large."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from tain.models.batch import by_length


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
