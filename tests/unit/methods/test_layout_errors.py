"""Errors under each layout are measured once, and again for whatever they depend on."""

import pytest
import torch

from tain.core.cache import cache_folder
from tain.methods.quantised import trials
from tain.methods.quantised.layout import Layout
from tain.methods.quantised.trials import trial_errors

LAYOUTS = (Layout(2), Layout(3), Layout(4))


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("TAIN_CACHE", str(tmp_path / "cache"))
    return cache_folder(trials.KIND)


def asked(weight, importance=None, *, layouts=LAYOUTS, settings=(8, "lq", 2, 0)):
    measured = []

    def measure(layout):
        measured.append(layout)
        return layout.bits / 3

    return trial_errors(measure, layouts, weight, importance, settings=settings), measured


def test_the_second_time_nothing_is_measured_and_the_numbers_are_the_same(cache):
    weight = torch.randn(8, 4)
    first, measured = asked(weight)
    again, n_again = asked(weight.clone())
    assert again == first == [2 / 3, 1.0, 4 / 3] and measured == list(LAYOUTS) and not n_again


@pytest.mark.parametrize(
    "other",
    [
        {"weight": torch.ones(4, 8)},
        {"weight": torch.full((8, 4), 1.0001)},
        {"importance": torch.ones(8, 4)},
        {"settings": (4, "lq", 2, 0)},
        {"layouts": (*LAYOUTS[:2], Layout(8))},
    ],
)
def test_what_they_depend_on_is_measured_anew(cache, other):
    asked(torch.ones(8, 4))
    assert asked(**{"weight": torch.ones(8, 4), **other})[1]


def test_a_damaged_file_is_measured_over(cache):
    first, _ = asked(torch.ones(8, 4))
    (file,) = cache.glob("*.json")
    for damaged in ('[1.0, "half', "5", "[1.0]"):
        file.write_text(damaged)
        assert asked(torch.ones(8, 4))[0] == first and asked(torch.ones(8, 4)) == (first, [])


def test_a_cache_that_cannot_be_written_is_done_without(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("TAIN_CACHE", str(tmp_path / "file"))
    assert asked(torch.ones(8, 4)) == ([2 / 3, 1.0, 4 / 3], list(LAYOUTS))
