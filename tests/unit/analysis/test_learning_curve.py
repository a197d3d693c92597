"""Known curves are recovered, intervals hold what they should about as often as they say, and noise is not fitted."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tain.analysis.learning_curve.curve import EXPONENTS, SaturatingCurve, fit_curve, fit_many
from tain.analysis.learning_curve.forecast import forecast
from tain.core.errors import ConfigError, DataError, MetricError

SIZES = np.array([500, 1000, 2000, 4000, 8000, 16000], dtype=float)


def curve(floor, gain, exponent):
    return SaturatingCurve(floor, gain, exponent, 500.0)


def errors_of(true, sizes, *, noise=0.0, seed=0):
    exact = np.array([true.error(n) for n in sizes])
    return np.maximum(exact + noise * np.random.default_rng(seed).normal(size=len(sizes)), 0)


@given(floor=st.floats(0, 0.3), gain=st.floats(0.05, 0.5), exponent=st.floats(0.15, 2.0), seed=st.integers(0, 100))
@settings(max_examples=40, deadline=None)
def test_a_curve_without_noise_is_recovered_in_whatever_order_its_points_stand(floor, gain, exponent, seed):
    true, turn = curve(floor, gain, exponent), np.random.default_rng(seed).permutation(len(SIZES))
    found = fit_curve(SIZES[turn], errors_of(true, SIZES)[turn])
    for n in (*SIZES, 32000):
        assert found.error(n) == pytest.approx(true.error(n), abs=1e-4)
    assert found.exponent == pytest.approx(exponent, rel=0.05, abs=0.02)
    assert found.floor == pytest.approx(floor, abs=0.01)


@given(seed=st.integers(0, 10_000), n=st.integers(4, 12))
@settings(max_examples=30, deadline=None)
def test_a_fit_stays_in_bounds_and_no_other_curve_of_the_grid_is_nearer(seed, n):
    rng = np.random.default_rng(seed)
    sizes, errors = rng.uniform(100, 10_000, n), rng.random(n)
    found = fit_curve(sizes, errors)
    assert found.floor >= 0 and found.gain >= 0 and EXPONENTS[0] - 1e-9 <= found.exponent <= EXPONENTS[-1] + 1e-9
    assert 0 <= found.error(20_000) <= 2
    own = sum((found.error(size) - y) ** 2 for size, y in zip(sizes, errors, strict=True))
    for exponent in EXPONENTS[::30]:
        for floor, gain in rng.random((20, 2)):
            other = SaturatingCurve(floor, gain, exponent, found.unit)
            assert own <= sum((other.error(size) - y) ** 2 for size, y in zip(sizes, errors, strict=True)) + 1e-12


def test_many_curves_at_once_are_those_one_by_one():
    errors = np.random.default_rng(0).random((20, len(SIZES)))
    together = fit_many(SIZES, errors)
    np.testing.assert_allclose(together, np.vstack([fit_many(SIZES, row[None]) for row in errors]))


@pytest.mark.parametrize(("true", "noise"), [(curve(0.05, 0.2, 0.5), 0.01), (curve(0.02, 0.1, 1.0), 0.005)])
def test_intervals_hold_the_truth_about_as_often_as_they_say(true, noise):
    sizes, n_tries = np.repeat(SIZES, 3), 100
    holds = np.zeros(3)
    for seed in range(n_tries):
        found = forecast(sizes, errors_of(true, sizes, noise=noise, seed=seed), n_draws=200, seed=seed)
        band, new = found.at(48_000), errors_of(true, [48_000], noise=noise, seed=10_000 + seed)[0]
        low, high = found.floor()[1:]
        holds += (
            band.low <= true.error(48_000) <= band.high,
            band.low_new <= new <= band.high_new,
            low <= true.floor <= high,
        )
    # Five standard errors of a share of 100 below and above 0.95 would be 0.84 and 1.
    assert (holds[:2] / n_tries >= 0.86).all() and holds[2] / n_tries >= 0.8


def test_more_noise_and_a_farther_look_widen_the_interval():
    sizes, true = np.repeat(SIZES, 3), curve(0.05, 0.2, 0.5)
    widths = [
        [
            (band := forecast(sizes, errors_of(true, sizes, noise=noise)).at(n)).high - band.low
            for n in (16_000, 150_000)
        ]
        for noise in (0.002, 0.02)
    ]
    assert widths[0][0] < widths[0][1] < widths[1][1] and widths[0][0] < widths[1][0]


def test_a_forecast_is_the_same_from_run_to_run_and_holds_its_own_value():
    sizes = np.repeat(SIZES, 2)
    y = errors_of(curve(0.05, 0.2, 0.5), sizes, noise=0.01)
    one, two = (forecast(sizes, y, seed=3) for _ in range(2))
    band = one.at(32_000)
    assert band == two.at(32_000) and one.needed(0.09) == two.needed(0.09)
    assert band.low_new <= band.low <= band.value <= band.high <= band.high_new
    assert one.at(32_000, level=0.5).high - one.at(32_000, level=0.5).low < band.high - band.low


def test_the_number_of_texts_for_an_error_turns_the_curve_around():
    true, sizes = curve(0.05, 0.2, 0.5), np.repeat(SIZES, 2)
    found = forecast(sizes, errors_of(true, sizes, noise=1e-4))
    need = found.needed(true.error(40_000))
    assert need.value == pytest.approx(40_000, rel=0.05) and need.low <= need.value <= need.high
    assert found.needed(0.04).value is None and found.needed(0.04).high is None
    assert found.needed(true.error(1e7)).value is None  # too far from what was tried


def test_paths_of_one_draw_err_together_and_widen_the_interval():
    seeds, sizes = np.tile(np.arange(8), len(SIZES)), np.repeat(SIZES, 8)
    shift = 0.02 * np.random.default_rng(0).normal(size=8)[seeds]
    y = errors_of(curve(0.1, 0.2, 0.5), sizes, noise=0.001) + shift
    apart, together = forecast(sizes, y).at(2_000), forecast(sizes, y, seeds=seeds).at(2_000)
    assert together.high - together.low > 1.3 * (apart.high - apart.low)
    few = seeds < 3  # too few to be resampled whole
    assert forecast(sizes[few], y[few], seeds=seeds[few]).at(32_000) == forecast(sizes[few], y[few]).at(32_000)


@pytest.mark.parametrize(
    ("sizes", "errors", "message"),
    [
        (SIZES[:3].repeat(4), np.linspace(0.3, 0.1, 12), "12 points at 3 sizes"),
        (SIZES[:5], np.linspace(0.3, 0.1, 5), "5 points at 5 sizes"),
        (np.arange(100.0, 110.0), np.linspace(0.3, 0.1, 10), "too close together"),
        (SIZES, np.full(6, 0.2), "does not fall"),
        (SIZES, np.linspace(0.1, 0.3, 6), "does not fall"),
    ],
)
def test_points_that_say_too_little_get_no_curve(sizes, errors, message):
    with pytest.raises(MetricError, match=message):
        forecast(sizes, errors)


def test_noise_alone_seldom_gets_a_curve():
    sizes, n_fitted = np.repeat(SIZES, 3), 0
    for seed in range(100):
        try:
            forecast(sizes, 0.2 + 0.02 * np.random.default_rng(seed).normal(size=len(sizes)), n_draws=100)
            n_fitted += 1
        except MetricError:
            pass
    assert n_fitted <= 12


def test_what_makes_no_sense_is_refused():
    y = errors_of(curve(0.05, 0.2, 0.5), SIZES, noise=0.002)
    found = forecast(SIZES, y)
    for n in (0, 160_001):
        with pytest.raises(MetricError, match="says nothing of"):
            found.at(n)
    with pytest.raises(ConfigError, match=r"level is 1\.0"):
        found.at(1000, level=1.0)
    with pytest.raises(ConfigError, match="n_draws is 10"):
        forecast(SIZES, y, n_draws=10)
    with pytest.raises(DataError, match="expected \\(n_points,\\) for both"):
        forecast(SIZES, y[:4])
    with pytest.raises(DataError, match="expected one for each"):
        forecast(SIZES, y, seeds=np.arange(3))
    for bad in (np.r_[y[:5], np.nan], -y):
        with pytest.raises(DataError, match="numbers"):
            forecast(SIZES, bad)
