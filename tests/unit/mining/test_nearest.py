"""Each human text gets the nearest AI text that is left."""

import numpy as np
import pytest

from tain.core.errors import DataError
from tain.mining import nearest
from tain.mining.nearest import nearest_once


def slow(queries, bank):
    left, found = list(range(len(bank))), []
    for query in queries:
        if not left:
            found.append(-1)
            continue
        cosine = [query @ bank[i] / (np.linalg.norm(query) * np.linalg.norm(bank[i])) for i in left]
        found.append(left.pop(int(np.argmax(cosine))))
    return found


@pytest.mark.parametrize("chunk_cells", [1, 50, 1 << 20])
def test_equals_a_search_one_by_one_whatever_the_chunks(monkeypatch, chunk_cells):
    monkeypatch.setattr(nearest, "CHUNK_CELLS", chunk_cells)
    rng = np.random.default_rng(0)
    queries, bank = rng.normal(size=(30, 6)), rng.normal(size=(22, 6))
    found = nearest_once(queries, bank)
    assert found.indices.tolist() == slow(queries, bank)
    used = found.indices[found.indices >= 0]
    assert len(set(used.tolist())) == len(used) == 22
    assert np.isnan(found.similarities[found.indices < 0]).all()


def test_texts_used_before_and_texts_too_far_stand_in_for_nothing():
    bank = np.array([[1.0, 0.0], [0.9, 0.1], [0.0, 1.0]])
    assert nearest_once(np.array([[2.0, 0.0]]), bank, taken=[0]).indices.tolist() == [1]
    assert nearest_once(np.array([[1.0, 0.0]] * 3), bank, min_similarity=0.5).indices.tolist() == [0, 1, -1]
    assert nearest_once(np.array([[3.0, 4.0]]), np.array([[6.0, 8.0]]), min_similarity=1.0).indices.tolist() == [0]


def test_a_vector_of_zeros_is_near_nothing_and_breaks_nothing():
    assert nearest_once(np.zeros((1, 2)), np.ones((1, 2))).similarities.tolist() == [0.0]
    assert nearest_once(np.ones((2, 2)), np.empty((0, 2))).indices.tolist() == [-1, -1]


def test_other_widths_and_numbers_that_are_none_are_refused():
    with pytest.raises(DataError, match=r"shapes \(1, 2\) and \(1, 3\)"):
        nearest_once(np.ones((1, 2)), np.ones((1, 3)))
    with pytest.raises(DataError, match="NaN or infinity"):
        nearest_once(np.full((1, 2), np.nan), np.ones((1, 2)))
