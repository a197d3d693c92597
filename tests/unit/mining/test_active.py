"""What a person is asked to label, and what comes back."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tain.core.errors import ConfigError, DataError
from tain.core.example import Example
from tain.mining.active import k_centre, read_labels, unsureness, write_requests
from tain.mining.hardest import Candidate, Hardest


def test_the_texts_nearest_the_operating_point_are_kept():
    kept = Hardest(2)
    for name, score in (("far", 9.0), ("near", 1.4), ("below", 0.7), ("short", math.nan)):
        kept.offer(Example(name, "text"), unsureness(score, threshold=1.0))
    assert [c.example.id for c in kept.taken()] == ["below", "near"]


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 12), st.integers(0, 14), st.integers(0, 1000))
def test_each_next_text_is_the_farthest_from_those_chosen(n_texts, n, seed):
    points = np.random.default_rng(seed).integers(0, 3, size=(n_texts, 2)).astype(float)
    chosen = k_centre(points, n)
    assert len(chosen) == len(set(chosen)) == min(n, n_texts)
    for step in range(1, len(chosen)):
        gaps = [min(np.linalg.norm(points[i] - points[j]) for j in chosen[:step]) for i in range(n_texts)]
        assert gaps[chosen[step]] == pytest.approx(max(gaps))


def test_copies_are_chosen_last():
    assert k_centre(np.array([[0.0], [0.0], [5.0], [9.0]]), 4) == [0, 3, 2, 1]
    assert k_centre(np.empty((0, 3)), 2) == []
    with pytest.raises(ConfigError, match="beginning with 4"):
        k_centre(np.zeros((3, 1)), 2, first=4)


def asked(path):
    examples = [Example(f"t{i}", f"Text {i}, as it is.", group=f"g{i}", domain="news") for i in range(3)]
    write_requests(path, [Candidate(example, 0.5) for example in examples])
    return path.read_text(encoding="utf-8-sig").splitlines()


def test_labels_come_back_as_examples(tmp_path):
    path = tmp_path / "to_label.csv"
    head, *lines = asked(path)
    path.write_text("\n".join([head, f"human{lines[0]}", f"drop{lines[1]}", f"ai{lines[2]}"]))
    before = path.read_bytes()
    asked(path)  # what a person has filled in is left alone
    assert path.read_bytes() == before
    found = read_labels(path)
    assert [(e.id, e.label, e.text, e.group, e.domain) for e in found.examples] == [
        ("t0", "human", "Text 0, as it is.", "g0", "news"),
        ("t2", "ai", "Text 2, as it is.", "g2", "news"),
    ]
    assert found.dropped == {"t1"}


def test_a_row_that_lost_its_text_is_named(tmp_path):
    path = tmp_path / "labels.jsonl"
    path.write_text('{"id": "a", "label": "ai", "text": "x"}\n{"id": "b", "label": "human", "text": ""}\n')
    with pytest.raises(DataError, match=r"labels\.jsonl:2: text: the text is empty"):
        read_labels(path)
