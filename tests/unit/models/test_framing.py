import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.tiny import tiny_tokenizer

from tain.models import collate
from tain.models.framing import Frame, ids_behind, marks_of

TOKENIZER = tiny_tokenizer()
BEGIN, END, PAD = 2, 3, 0
IDS = st.lists(st.integers(4, 44), max_size=9)


def framed(rows, *, before, after=(), max_tokens=64, ends_open=False, batch=None):
    frame = Frame(TOKENIZER, before=before, after=after, max_tokens=max_tokens, ends_open=ends_open)
    batch = batch or collate(rows, pad_id=PAD)
    ids, mask = frame(batch["input_ids"], batch["attention_mask"])
    assert ((ids == PAD) | (mask == 1)).all()
    return [row[chosen == 1].tolist() for row, chosen in zip(ids, mask, strict=True)], mask


def test_the_marks_of_a_tokenizer_are_found():
    assert marks_of(TOKENIZER) == ([BEGIN], [END])


@settings(max_examples=60, deadline=None)
@given(st.lists(IDS, min_size=1, max_size=5), IDS, IDS)
def test_the_frame_stands_inside_the_marks(texts, before, after):
    rows = [[BEGIN, *text, END] for text in texts]
    found, mask = framed(rows, before=before, after=after)
    assert found == [[BEGIN, *before, *text, *after, END] for text in texts]
    assert (mask.diff(dim=1) <= 0).all()


@settings(max_examples=60, deadline=None)
@given(st.lists(IDS, min_size=1, max_size=5), IDS, IDS)
def test_an_open_end_drops_the_mark_and_puts_padding_on_the_left(texts, before, after):
    rows = [[BEGIN, *text, END] for text in texts]
    found, mask = framed(rows, before=before, after=after, ends_open=True)
    assert found == [[BEGIN, *before, *text, *after] for text in texts]
    assert (mask[:, -1] == 1).all()
    assert (mask.diff(dim=1) >= 0).all()


@settings(max_examples=60, deadline=None)
@given(IDS, IDS, st.integers(20, 24), st.booleans())
def test_only_a_texts_end_is_lost(before, after, max_tokens, ends_open):
    text = list(range(4, 34))
    (found,), _ = framed([[BEGIN, *text, END]], before=before, after=after, max_tokens=max_tokens, ends_open=ends_open)
    n_kept = max_tokens - 2
    assert found == [BEGIN, *before, *text[:n_kept], *after, *([] if ends_open else [END])]


def test_texts_without_marks_are_framed_too():
    assert framed([[7, 8], [9]], before=[5], after=[6], ends_open=True)[0] == [[5, 7, 8, 6], [5, 9, 6]]


def test_the_side_of_the_padding_does_not_matter():
    rows = [[BEGIN, 7, 8, 9, END], [BEGIN, 10, END]]
    batch = collate(rows, pad_id=PAD)
    left = {key: torch.stack([value[0], value[1].roll(2)]) for key, value in batch.items()}
    for is_open in (True, False):
        right = framed(rows, before=[5], after=[6], ends_open=is_open)[0]
        assert framed(rows, before=[5], after=[6], ends_open=is_open, batch=left)[0] == right


def test_ids_behind_another_text_are_those_at_its_end():
    assert ids_behind(TOKENIZER, "w1 ", "w2 w3") == [6, 7]
