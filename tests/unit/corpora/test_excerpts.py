"""Passages of training texts."""

import numpy as np

from tain.corpora.excerpts import training_excerpt

TEXT = " ".join(f"Sentence number {i} has six words." for i in range(60))
CUT = {"low": 20, "high": 40}


def test_the_passage_follows_from_seed_view_and_name_alone():
    assert training_excerpt(TEXT, "a", seed=1, **CUT) == training_excerpt(TEXT, "a", seed=1, view=0, **CUT)
    others = [
        training_excerpt(TEXT, name, seed=seed, view=view, **CUT) for name in "ab" for seed in (1, 2) for view in (0, 1)
    ]
    assert len(set(others)) == len(others)
    # Frozen: a change here would change what published runs trained on.
    assert training_excerpt(TEXT, "a", seed=0, **CUT)[:24] == "Sentence number 52 has s"


def test_no_passage_is_longer_than_asked():
    lengths = [len(training_excerpt(TEXT, f"t{i}", seed=0, **CUT).split()) for i in range(200)]
    assert max(lengths) <= 40
    assert np.median(lengths) >= 20


def test_half_a_surrogate_pair_is_a_name_too():
    assert training_excerpt(TEXT, "a\ud800", seed=0, **CUT)
