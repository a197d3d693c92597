"""Token stores, batches and weights."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tain.core.errors import DataError
from tain.training.batches import epoch_batches, plan_length, row_weights
from tain.training.config import TrainingConfig
from tain.training.store import TokenRow, TokenStore, build_store


def store_of(lengths, *, labels=None, domains=None, views=None) -> TokenStore:
    n = len(lengths)
    zeros = np.zeros(n, dtype=np.int32)
    return TokenStore(
        np.zeros(sum(lengths), dtype=np.int32),
        np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
        zeros if labels is None else np.asarray(labels, dtype=np.int32),
        zeros if domains is None else np.asarray(domains, dtype=np.int32),
        zeros if views is None else np.asarray(views, dtype=np.int32),
        tuple(map(str, range(1 + max(domains or [0])))),
        np.zeros((n, 0), dtype=np.float32),
    )


def test_a_store_keeps_what_the_teacher_says_beside_its_text(tmp_path):
    rows = [TokenRow([1, 2], 0, teacher=(-1.0, 1.0)), TokenRow([3], 1, teacher=(0.5, -0.5))]
    assert build_store(tmp_path / "taught", iter(rows)).teacher.tolist() == [[-1.0, 1.0], [0.5, -0.5]]
    assert build_store(tmp_path / "plain", iter([TokenRow([1], 0), TokenRow([2], 1)])).teacher.shape == (2, 0)


def test_a_store_gives_back_what_went_in(tmp_path):
    rows = [TokenRow([1, 2, 3], 0, "news"), TokenRow([4], 1, None, view=1), TokenRow([5, 6], 1, "news")]
    store = build_store(tmp_path / "store", iter(rows))
    assert [store[index].tolist() for index in range(len(store))] == [[1, 2, 3], [4], [5, 6]]
    assert store.labels.tolist() == [0, 1, 1]
    assert [store.domain_names[index] for index in store.domains] == ["news", "unknown", "news"]
    assert store.n_views == 2
    # A finished store is opened, not written again.
    assert len(build_store(tmp_path / "store", iter([]))) == 3


def test_a_store_that_fails_halfway_leaves_nothing(tmp_path):
    def rows():
        yield TokenRow([1], 0)
        raise OSError("disk")

    with pytest.raises(OSError, match="disk"):
        build_store(tmp_path / "store", rows())
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(DataError, match="No text is left"):
        build_store(tmp_path / "store", iter([]))


@given(
    lengths=st.lists(st.integers(1, 60), min_size=1, max_size=300),
    batch_tokens=st.integers(16, 200),
    seed=st.integers(0, 5),
    epoch=st.integers(0, 3),
)
def test_each_text_is_in_one_batch_within_the_budget(lengths, batch_tokens, seed, epoch):
    store = store_of(lengths)
    batches = epoch_batches(store, epoch=epoch, batch_tokens=batch_tokens, seed=seed)
    assert sorted(np.concatenate(batches).tolist()) == list(range(len(lengths)))
    for batch in batches:
        longest = int(store.lengths[batch].max())
        assert len(batch) == 1 or len(batch) * longest <= batch_tokens


def test_the_same_seed_and_epoch_give_the_same_batches_and_others_do_not():
    store = store_of(list(range(5, 105)))
    first = epoch_batches(store, epoch=0, batch_tokens=256, seed=3)
    again = epoch_batches(store, epoch=0, batch_tokens=256, seed=3)
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    other = epoch_batches(store, epoch=1, batch_tokens=256, seed=3)
    assert [b.tolist() for b in first] != [b.tolist() for b in other]


def test_epochs_take_the_views_in_turn():
    store = store_of([5] * 6, views=[0, 1, 0, 1, 0, 1])
    seen = [set(np.concatenate(epoch_batches(store, epoch=e, batch_tokens=64, seed=0)).tolist()) for e in range(3)]
    assert seen == [{0, 2, 4}, {1, 3, 5}, {0, 2, 4}]


def test_a_fraction_of_an_epoch_is_cut_short():
    store = store_of([8] * 100)
    assert plan_length(store, TrainingConfig(n_epochs=1.5, batch_tokens=80), seed=0) == [10, 5]


def test_balanced_classes_weigh_the_same():
    store = store_of([1] * 10, labels=[0] * 8 + [1] * 2)
    weights = row_weights(store, TrainingConfig(class_weights="balanced"))
    assert weights[:8].sum() == pytest.approx(weights[8:].sum())
    assert weights.mean() == pytest.approx(1.0)
    assert row_weights(store, TrainingConfig(class_weights="none")).tolist() == [1.0] * 10


def test_balanced_domains_weigh_the_same_within_a_class():
    store = store_of([1] * 10, labels=[0] * 6 + [1] * 4, domains=[0, 0, 0, 0, 0, 1, 0, 0, 0, 1])
    weights = row_weights(store, TrainingConfig(class_weights="balanced", domain_weights="balanced"))
    assert weights[:5].sum() == pytest.approx(weights[5])
    assert weights[6:9].sum() == pytest.approx(weights[9])
