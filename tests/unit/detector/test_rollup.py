import numpy as np

from tain.detector.rollup import roll_up


def test_every_token_has_one_vote():
    assert roll_up(np.array([1.0, 4.0], dtype=np.float32), [20, 10]) == 2.0


def test_one_window_keeps_its_score():
    assert roll_up(np.array([0.3], dtype=np.float32), [7]) == float(np.float32(0.3))


def test_the_score_survives_float32():
    score = roll_up(np.array([0.1, 0.2, 0.7], dtype=np.float32), [3, 5, 11])
    assert float(np.float32(score)) == score
