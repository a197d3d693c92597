"""Estimators of influence: their identities, their sign, and what they say of a problem that can be solved again."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize
from scipy.special import expit, log_expit
from scipy.stats import mannwhitneyu, spearmanr

from tain.analysis.influence import blocks as blocks_module
from tain.analysis.influence import exact as exact_module
from tain.analysis.influence.blocks import Block, curvature_times, times, weighted_sum
from tain.analysis.influence.estimator import damping_of, influence
from tain.analysis.influence.exact import solve_by_woodbury, solve_directly
from tain.analysis.influence.registry import ESTIMATORS, build_estimator
from tain.analysis.influence.representation import label_features
from tain.core.errors import ConfigError, DataError

CURVED = ("datainf", "lissa", "exact")


def block(n=12, d=7, *, seed=0, name="block", **more):
    rng = np.random.default_rng(seed)
    return Block(name, rng.normal(size=(n, d)).astype(np.float32), rng.normal(size=d), **more)


def scores(kind, *blocks, **options):
    return influence(build_estimator(kind, options), blocks)


def dense(each, damping, sign=1.0):
    rows = each.train.astype(np.float64)
    fisher = rows.T @ rows / len(rows)
    return -rows @ np.linalg.solve(fisher + sign * damping * np.eye(rows.shape[1]), each.valid)


@settings(max_examples=30, deadline=None)
@given(n=st.integers(1, 30), d=st.integers(1, 40), damping=st.floats(1e-3, 10), seed=st.integers(0, 99))
def test_exact_is_the_dense_solve_of_each_block_whichever_side_is_shorter(n, d, damping, seed):
    each = block(n, d, seed=seed)
    expected = dense(each, damping_of(each, damping))
    np.testing.assert_allclose(scores("exact", each, damping=damping), expected, rtol=1e-6, atol=1e-8)


@settings(max_examples=30, deadline=None)
@given(n=st.integers(1, 30), d=st.integers(1, 40), damping=st.floats(1e-3, 10), seed=st.integers(0, 99))
def test_woodbury_gives_what_the_direct_solve_gives(n, d, damping, seed):
    each = block(n, d, seed=seed)
    one, other = (solve(each.train, each.valid, damping=damping) for solve in (solve_directly, solve_by_woodbury))
    np.testing.assert_allclose(one, other, rtol=1e-6, atol=1e-9)


@settings(max_examples=20, deadline=None)
@given(n=st.integers(1, 12), d=st.integers(1, 12), damping=st.floats(1e-2, 10), seed=st.integers(0, 99))
def test_datainf_is_the_mean_of_inverses(n, d, damping, seed):
    each = block(n, d, seed=seed)
    lam, rows = damping_of(each, damping), each.train.astype(np.float64)
    inverses = [np.linalg.inv(lam * np.eye(d) + np.outer(row, row)) for row in rows]
    expected = -rows @ (np.mean(inverses, axis=0) @ each.valid)
    np.testing.assert_allclose(scores("datainf", each, damping=damping), expected, rtol=1e-6, atol=1e-8)


def test_for_a_single_text_datainf_is_exact():
    each = block(n=1, d=9)
    np.testing.assert_allclose(scores("datainf", each), scores("exact", each), rtol=1e-10)


@pytest.mark.parametrize("kind", CURVED)
def test_under_large_damping_the_curvature_no_longer_counts(kind):
    each = block()
    plain = scores("hessian_free", each) / damping_of(each, 1e7)
    np.testing.assert_allclose(scores(kind, each, damping=1e7), plain, rtol=1e-4)


def test_the_scaled_form_is_hessian_free_with_each_block_over_its_damping():
    one, other = block(seed=1), block(d=3, seed=2)
    expected = sum(scores("hessian_free", each) / damping_of(each, 0.1) for each in (one, other))
    np.testing.assert_allclose(scores("scaled_hessian_free", one, other), expected)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 99), scale=st.floats(0.01, 100))
def test_lissa_converges_to_exact_whatever_the_size_of_the_gradients(seed, scale):
    made = block(seed=seed)
    each = Block("block", made.train * np.float32(scale), made.valid)
    found = scores("lissa", each, damping=1.0, n_iterations=400)
    np.testing.assert_allclose(found, scores("exact", each, damping=1.0), rtol=1e-3, atol=1e-6 * np.abs(found).max())


def test_lissa_adds_the_damping_where_the_published_code_takes_it_away():
    each = block(n=40, d=5)
    damping = damping_of(each, 0.3)
    found = scores("lissa", each, damping=0.3, n_iterations=2000)
    right, wrong = dense(each, damping), dense(each, damping, sign=-1.0)
    np.testing.assert_allclose(found, right, rtol=1e-6)
    assert np.abs(found - wrong).max() > 0.2 * np.abs(right).max()


def test_more_terms_bring_lissa_nearer_to_exact():
    each = block(n=50, d=20)
    gaps = [np.abs(scores("lissa", each, n_iterations=n) - scores("exact", each)).max() for n in (1, 10, 100, 1000)]
    assert gaps == sorted(gaps, reverse=True) and gaps[-1] < 1e-3 * gaps[0]


@pytest.mark.parametrize("kind", ESTIMATORS)
def test_the_order_of_the_texts_does_not_change_their_scores(kind):
    each, order = block(), np.random.default_rng(1).permutation(12)
    shuffled = Block("block", each.train[order], each.valid)
    np.testing.assert_allclose(scores(kind, shuffled), scores(kind, each)[order], rtol=1e-4)


@pytest.mark.parametrize("kind", ESTIMATORS)
def test_a_text_that_stands_there_twice_gets_the_same_score_twice(kind):
    each = block()
    doubled = Block("block", np.concatenate([each.train, each.train[3:4]]), each.valid)
    found = scores(kind, doubled)
    assert found[3] == pytest.approx(found[-1])


@pytest.mark.parametrize("kind", sorted(set(ESTIMATORS) - {"tracin"}))
def test_a_text_like_the_validation_texts_helps_and_its_opposite_harms(kind):
    rng = np.random.default_rng(3)
    valid = rng.normal(size=6)
    rows = np.concatenate([[valid, -valid], rng.normal(size=(10, 6))]).astype(np.float32)
    found = scores(kind, Block("block", rows, valid))
    assert found[0] < 0 < found[1]


def test_scores_of_blocks_add_up():
    one, other = block(seed=1), block(d=3, seed=2)
    for kind in ESTIMATORS:
        np.testing.assert_allclose(scores(kind, one, other), scores(kind, one) + scores(kind, other))


def test_tracin_weighs_each_checkpoint_by_its_learning_rate():
    early, late = block(seed=1, rate=0.5), block(seed=2, rate=0.1)
    expected = -(0.5 * early.train @ early.valid + 0.1 * late.train @ late.valid)
    np.testing.assert_allclose(scores("tracin", early, late), expected, rtol=1e-5)


def test_a_block_without_gradients_says_nothing():
    flat = Block("lora_A", np.zeros((12, 4), dtype=np.float32), np.ones(4))
    for kind in ESTIMATORS:
        np.testing.assert_array_equal(scores(kind, flat), np.zeros(12))
        np.testing.assert_allclose(scores(kind, flat, block()), scores(kind, block()))


def test_damping_is_a_share_of_the_mean_squared_entry_before_any_projection():
    each = block()
    assert damping_of(each, 0.1) == pytest.approx(0.1 * float(np.mean(each.train.astype(np.float64) ** 2)))
    wide = Block("block", each.train, each.valid, n_parameters=70)
    assert damping_of(wide, 0.1) == pytest.approx(damping_of(each, 0.1) / 10)


def test_products_in_chunks_are_those_of_the_whole(monkeypatch):
    each = block(n=37, d=5)
    rows = each.train.astype(np.float64)
    monkeypatch.setattr(blocks_module, "CACHED_BYTES", 8 * 5 * 4)
    monkeypatch.setattr(exact_module, "CHUNK_BYTES", 8 * 5 * 4)
    np.testing.assert_allclose(times(each.train, each.valid), rows @ each.valid)
    np.testing.assert_allclose(weighted_sum(each.train, np.arange(37.0)), np.arange(37.0) @ rows)
    np.testing.assert_allclose(each.products, rows @ each.valid)
    np.testing.assert_allclose(each.squared_norms, (rows**2).sum(1))
    np.testing.assert_allclose(block(n=37, d=5).squared_norms, (rows**2).sum(1))
    np.testing.assert_allclose(curvature_times(each.train, each.valid), rows.T @ (rows @ each.valid) / 37)
    np.testing.assert_allclose(solve_directly(each.train, each.valid, damping=0.3), np.linalg.solve(
        rows.T @ rows / 37 + 0.3 * np.eye(5), each.valid))  # fmt: skip


def test_likeness_is_the_cosine_signed_by_the_agreement_of_labels():
    rng = np.random.default_rng(4)
    states, labels = rng.normal(size=(9, 4)), rng.integers(0, 3, size=9)
    features = label_features(states, labels, n_labels=3)
    unit = states / np.linalg.norm(states, axis=1, keepdims=True)
    expected = (unit @ unit.T) * ((labels[:, None] == labels[None]) - 1 / 3)
    np.testing.assert_allclose(features @ features.T, expected, atol=1e-6)


# A convex problem: logistic regression with a penalty, small enough to be fitted anew without each text.
PENALTY = 0.01


def logistic(states, labels):
    signs = 2.0 * labels - 1

    def value(w):
        margin = signs * (states @ w)
        slope = -(signs * expit(-margin)) @ states / len(labels) + 2 * PENALTY * w
        return -log_expit(margin).mean() + PENALTY * w @ w, slope

    return minimize(value, np.zeros(states.shape[1]), jac=True, tol=1e-12).x


def losses_slopes(states, labels, w):
    signs = 2.0 * labels - 1
    margin = signs * (states @ w)
    return -log_expit(margin), -(signs * expit(-margin))[:, None] * states


@pytest.fixture(scope="module")
def left_out():
    """Gradients at the optimum, and how the validation loss truly moves when each text is left out."""
    rng = np.random.default_rng(0)
    n, d, truth = 80, 5, np.array([1.5, -1.0, 0.5, 0.0, 0.8])
    states, valid = rng.normal(size=(n, d)), rng.normal(size=(200, d))
    labels = (rng.random(n) < expit(states @ truth)).astype(int)
    valid_labels = (rng.random(200) < expit(valid @ truth)).astype(int)
    flipped = rng.permutation(n)[:10]
    labels[flipped] = 1 - labels[flipped]
    w = logistic(states, labels)
    loss = losses_slopes(valid, valid_labels, w)[0].mean()
    without = [logistic(np.delete(states, k, 0), np.delete(labels, k)) for k in range(n)]
    moved = np.array([losses_slopes(valid, valid_labels, each)[0].mean() - loss for each in without])
    slopes = losses_slopes(states, labels, w)[1]
    mean_slope = losses_slopes(valid, valid_labels, w)[1].mean(0)
    return Block("head", slopes.astype(np.float32), mean_slope), moved, flipped


@pytest.mark.parametrize("kind", CURVED)
def test_influence_foretells_what_leaving_a_text_out_does(left_out, kind):
    each, moved, _ = left_out
    # Leaving out takes the weight 1/n away, so a text that harms lowers the loss by going.
    assert spearmanr(-scores(kind, each), moved).statistic > 0.9


def test_influence_is_in_units_of_loss_per_weight(left_out):
    each, moved, _ = left_out
    foretold = -scores("exact", each) / len(moved)
    slope = float(foretold @ moved / (moved @ moved))
    assert 0.5 < slope < 2.0  # the Fisher matrix of the labels stands for the Hessian


@pytest.mark.parametrize("kind", CURVED)
def test_wrong_labels_rank_high(left_out, kind):
    each, _, flipped = left_out
    found = scores(kind, each)
    others = np.delete(found, flipped)
    assert mannwhitneyu(found[flipped], others, alternative="greater").pvalue < 0.01


@pytest.mark.parametrize(("kind", "options", "message"), [
    ("datinf", {}, "Did you mean datainf?"),
    ("datainf", {"damping": 0}, "damping is 0"),
    ("datainf", {"depth": 3}, "Its settings are damping"),
    ("hessian_free", {"damping": 0.1}, "none at all"),
    ("lissa", {"n_iterations": 2.5}, "n_iterations is 2.5"),
])  # fmt: skip
def test_what_an_estimator_does_not_take_is_refused(kind, options, message):
    with pytest.raises(ConfigError, match=message):
        build_estimator(kind, options)


def test_blocks_that_do_not_fit_are_refused(monkeypatch):
    with pytest.raises(DataError, match=r"expected \(n_train, d\)"):
        Block("b", np.zeros((3, 2)), np.zeros(3))
    with pytest.raises(DataError, match="validation gradient holds NaN"):
        Block("b", np.zeros((3, 2)), np.array([0.0, np.nan]))
    broken = block()
    broken.train[4, 1] = np.inf
    for kind in ESTIMATORS:
        with pytest.raises(DataError, match=r"training text 4 .* NaN or infinity"):
            scores(kind, broken)
    with pytest.raises(DataError, match="has 5 training texts, the block before it 12"):
        scores("datainf", block(), block(n=5))
    with pytest.raises(DataError, match="no block"):
        scores("datainf")
    monkeypatch.setattr("tain.analysis.influence.exact.LARGEST", 5)
    with pytest.raises(ConfigError, match="a system of 7 rows"):
        scores("exact", block())
