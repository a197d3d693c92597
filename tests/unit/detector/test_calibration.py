import numpy as np
import pytest

from tain.core.errors import ConfigError, DataError
from tain.detector.calibration import ScoredTexts, fit_calibration, fit_probability, require_support, with_prior


def scored(scores) -> ScoredTexts:
    values = np.asarray(scores, dtype=np.float32)
    return ScoredTexts(values, np.full(len(values), 80), sha256="h")


@pytest.fixture(scope="module")
def calibration():
    rng = np.random.default_rng(0)
    return fit_calibration(scored(rng.normal(-2, 1, 3000)), ai=scored(rng.normal(2, 1, 500)))


def test_3000_texts_support_every_standard_target(calibration):
    assert [point.target_fpr for point in calibration.record.points] == [0.05, 0.01, 0.005, 0.001]
    assert all(point.n_above <= point.target_fpr * 3000 for point in calibration.record.points)


def test_what_the_texts_do_not_support_is_refused_with_the_number_needed():
    record = fit_calibration(scored(np.arange(300))).record
    assert [point.target_fpr for point in record.points] == [0.05, 0.01]
    assert "2,995" in record.refused["0.001"]


def test_too_few_texts_for_any_target_are_an_error():
    with pytest.raises(DataError, match=r"12 human texts .* needs 59"):
        fit_calibration(scored(np.arange(12)))


def test_a_target_that_is_not_stored_is_fitted_to_the_stored_scores(calibration):
    point = calibration.point(0.02)
    assert (point.target_fpr, point.n_above) == (0.02, 60)
    assert (calibration.human_scores > point.threshold).sum() == 60


def test_a_target_beyond_the_texts_is_refused(calibration):
    with pytest.raises(ConfigError, match=r"0.0001 needs 29,956 human texts or more; there are 3,000"):
        calibration.point(0.0001)
    with pytest.raises(ConfigError, match=r"is 1\.5; expected a share"):
        require_support(3000, 1.5)


def test_the_probability_is_that_of_the_generating_normals(calibration):
    # Two unit normals at -2 and 2: log-odds 4 x score at even prior.
    line = calibration.record.probability
    assert line.slope == pytest.approx(4, rel=0.15)
    assert line.intercept == pytest.approx(0, abs=0.4)
    assert calibration.p_ai(0.0) == pytest.approx(0.5, abs=0.1)


def test_class_sizes_do_not_move_the_probability():
    rng = np.random.default_rng(1)
    human, ai = rng.normal(-1, 1, 4000).astype(np.float32), rng.normal(1, 1, 4000).astype(np.float32)
    whole, tenth = fit_probability(human, ai), fit_probability(human, ai[:400])
    assert tenth.intercept == pytest.approx(whole.intercept, abs=0.2)


def test_samples_apart_have_a_finite_line():
    line = fit_probability(np.arange(-9, 0, dtype=np.float32), np.arange(1, 9, dtype=np.float32))
    assert 0 < line.slope < 100


def test_files_the_wrong_way_round_are_noticed():
    with pytest.raises(DataError, match=r"do not score higher.*right way round"):
        fit_probability(np.arange(5, 9, dtype=np.float32), np.arange(4, dtype=np.float32))


def test_prior_odds_multiply():
    assert with_prior(0.5, 0.1) == pytest.approx(0.1)
    assert with_prior(0.9, 0.1) == pytest.approx(0.5)
    assert with_prior(0.7, 0.5) == pytest.approx(0.7)
    assert 0 < with_prior(1.0, 0.001) < 1


@pytest.mark.parametrize("prior", [0, 1, -0.1, float("nan")])
def test_a_prior_that_is_no_share_is_refused(prior):
    with pytest.raises(ConfigError, match="expected the share of AI texts"):
        with_prior(0.5, prior)


def test_human_texts_alone_keep_the_earlier_probability(calibration):
    earlier = calibration.record.probability
    record = fit_calibration(scored(np.arange(300)), earlier=earlier).record
    assert record.probability == earlier
    assert "before this one" in record.note
    assert fit_calibration(scored(np.arange(300))).record.probability is None


def test_ties_are_not_counted_as_higher():
    calibration = fit_calibration(scored([0.0] * 300 + [1.0] * 2))
    assert calibration.n_higher(0.0) == 2
    assert calibration.n_higher(1.0) == 0
    assert calibration.n_higher(-1.0) == 302
