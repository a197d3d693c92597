"""Gradients on disk: whole, mapped, made once; and their projection."""

import shutil

import numpy as np
import pytest
import torch

from tain.analysis.gradients.projection import Projection
from tain.analysis.gradients.store import META, StoredBlock, build_store, bytes_of, open_store
from tain.core.errors import ConfigError, DataError
from tain.core.files import write_json

BLOCKS = (StoredBlock("a", 6, 6), StoredBlock("b", 100, 3))
ROWS = [np.random.default_rng(index).normal(size=(10, block.width)) for index, block in enumerate(BLOCKS)]
CPU = torch.device("cpu")


def batches():
    for places in np.split(np.random.default_rng(5).permutation(10), 3 * [0] + [4, 9]):
        if len(places):
            yield places, [rows[places].astype(np.float32) for rows in ROWS]


def test_rows_lie_in_the_order_of_the_texts_and_are_mapped(tmp_path):
    store = build_store(tmp_path / "s", BLOCKS, batches, n_texts=10)
    for index, rows in enumerate(ROWS):
        assert isinstance(store.rows(index), np.memmap)
        np.testing.assert_array_equal(store.rows(index), rows.astype(np.float32))
    assert store.n_bytes == bytes_of(10, BLOCKS) == 360


def test_a_store_that_is_there_is_not_made_again(tmp_path):
    build_store(tmp_path / "s", BLOCKS, batches, n_texts=10)

    def never():
        raise AssertionError("taken again")

    assert build_store(tmp_path / "s", BLOCKS, never, n_texts=10).n_texts == 10
    with pytest.raises(DataError, match="holds other gradients"):
        build_store(tmp_path / "s", BLOCKS, never, n_texts=11)


def test_a_run_that_breaks_off_leaves_no_store(tmp_path):
    def broken():
        yield next(batches())
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build_store(tmp_path / "s", BLOCKS, broken, n_texts=10)
    assert list(tmp_path.iterdir()) == []


def test_missing_texts_are_noticed(tmp_path):
    with pytest.raises(DataError, match="gradients of 4 texts came, expected 10"):
        build_store(tmp_path / "s", BLOCKS, lambda: [next(batches())], n_texts=10)
    assert not (tmp_path / "s").exists()


def test_a_full_disk_is_told_before_anything_is_computed(tmp_path, monkeypatch):
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage._replace(free=usage.total // 20 + 100))
    with pytest.raises(ConfigError, match="--project"):
        build_store(tmp_path / "s", BLOCKS, batches, n_texts=10)


def test_another_format_is_refused(tmp_path):
    write_json(tmp_path / META, {"format": 99})
    with pytest.raises(DataError, match="format 99"):
        open_store(tmp_path)


def projected(rows, dimension, *, seed=0, index=0):
    made = Projection(rows.shape[1], dimension=dimension, seed=seed, index=index, device=CPU)
    return made(torch.from_numpy(rows)).numpy()


def test_products_of_projected_gradients_are_those_of_the_gradients_within_the_stated_spread():
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(20, 5000)) + rng.normal(size=5000)
    products, norms = rows @ rows.T, (rows**2).sum(1)
    for dimension in (64, 1024):
        found = projected(rows, dimension)
        spread = np.sqrt((norms[:, None] * norms[None] + products**2) / dimension)
        gap = np.abs(found @ found.T - products) / spread
        assert gap.max() < 5 and gap.mean() < 1.2


def test_products_are_right_in_the_mean_over_seeds():
    rng = np.random.default_rng(1)
    rows = rng.normal(size=(2, 300))
    found = [np.prod(projected(rows, 16, seed=seed), axis=0).sum() for seed in range(2000)]
    truth = float(rows[0] @ rows[1])
    assert abs(np.mean(found) - truth) < 4 * np.std(found) / np.sqrt(2000)


def test_a_projection_is_the_same_each_time_and_another_for_each_block_and_seed():
    rows = np.random.default_rng(2).normal(size=(3, 50))
    np.testing.assert_array_equal(projected(rows, 8), projected(rows, 8))
    assert not np.allclose(projected(rows, 8), projected(rows, 8, index=1))
    assert not np.allclose(projected(rows, 8), projected(rows, 8, seed=1))


def test_a_block_that_is_narrow_already_stays_as_it_is():
    rows = np.random.default_rng(2).normal(size=(3, 8))
    np.testing.assert_array_equal(projected(rows, 8), rows)
