"""Scaling: more texts hold those before, hard ones come first, and the curve says only what the points bear."""

import itertools
import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.detector_fixtures import made_up_texts

from tain.cli import DONE, MISUSE
from tain.cli.app import run
from tain.core.errors import ConfigError, DataError
from tain.core.example import Example
from tain.recipes.studies.compare import compare
from tain.recipes.studies.kinds import read_study
from tain.recipes.studies.scaling.measures import balanced_loss
from tain.recipes.studies.scaling.mined import hardest_first
from tain.recipes.studies.scaling.results import fits, scaling_rows
from tain.recipes.studies.scaling.study import Step
from tain.recipes.studies.scaling.texts import PileReader, grown

SIZES = [20, 40, 80]
NAIVE = '[contestants."naive Bayes"]\nbaseline = "tfidf-bayes"\n'


@pytest.fixture(scope="module")
def corpora(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("corpora")
    for number, name in enumerate(("one", "two", "three")):
        human = made_up_texts(110, seed=10 + number, high=60)
        ai = made_up_texts(110, seed=20 + number, ai=True, high=60)
        rows = [
            {"id": f"{label[0]}{i}", "text": text, "label": label, "group": f"g{i}"}
            for i, pair in enumerate(zip(human, ai, strict=True))
            for label, text in zip(("human", "ai"), pair, strict=True)
        ]
        (folder / f"{name}.jsonl").write_text("\n".join(map(json.dumps, rows)))
    return folder


def write_study(folder: Path, corpora: Path, *, contestants: str = NAIVE, **settings: object) -> Path:
    values = {"seeds": [0, 1], "sizes": SIZES, "target_fpr": 0.05} | settings
    lines = ['study = "scaling"', *(f"{key} = {json.dumps(value)}" for key, value in values.items())]
    lines += ["[texts]", "n_calibration = 60", "n_test = 40", "cut_high = 55", "calibration_share = 0.4"]
    for part, name in (("train", "one"), ("train", "two"), ("tests", "three")):
        lines += [f"[[{part}]]", f'name = "{name}"', f"file = {json.dumps(str(corpora / name))[:-1]}.jsonl" + '"']
    folder.mkdir(exist_ok=True)
    file = folder / "study.toml"
    file.write_text("\n".join([*lines, contestants]))
    return file


def ids(output: Path, growth: str, size: int, *, seed: int = 0, what: str = "train") -> list[str]:
    file = Step("naive Bayes", growth, seed, size).file(output)
    return pl.read_parquet(file.with_suffix(f".{what}.parquet"))["id"].to_list()


def test_more_texts_hold_those_before_and_both_growths_meet_at_the_ends(tmp_path, corpora):
    output = tmp_path / "out"
    table = compare(write_study(tmp_path, corpora), output, is_quiet=True).as_json()
    rows = {(row["growth"], row["size"]): row for row in table["rows"]}
    assert set(rows) == {("both", 20), ("both", 0), *((g, n) for g in ("random", "mined") for n in SIZES[1:])}
    for seed in (0, 1):
        first, everything = (set(ids(output, "both", size, seed=seed)) for size in (20, 0))
        for growth in ("random", "mined"):
            sets = [first, *(set(ids(output, growth, n, seed=seed)) for n in SIZES[1:]), everything]
            assert all(one < other for one, other in itertools.pairwise(sets))
            assert [len(own) for own in sets[:3]] == SIZES  # pairs, so every even number is reached
            groups = [{name.replace("/h", "/g").replace("/a", "/g") for name in own} for own in sets]
            assert all(2 * len(group) == len(own) for group, own in zip(groups, sets, strict=True))
    assert {name.split("/")[0] for name in everything} == {"one", "two"}
    added = [name for name in ids(output, "mined", 40) if name not in set(ids(output, "both", 20))]
    assert set(added) == set(ids(output, "both", 20, what="hardest")[:20])
    assert set(ids(output, "mined", 40)) != set(ids(output, "random", 40))
    assert rows["both", 0]["fpr_low"] <= rows["both", 0]["fpr"]["mean"] <= rows["both", 0]["fpr_high"]
    assert {(fit["growth"], fit["error"]) for fit in table["fits"]} == {
        (growth, error) for growth in ("random", "mined") for error in ("1 - AUROC", "loss")
    }
    assert (output / "plots" / "curve-naive-Bayes.png").stat().st_size > 1000
    assert "(all)" in (output / "table.md").read_text()


def test_a_study_that_was_killed_goes_on_and_says_the_same(tmp_path, corpora, capsys):
    file = write_study(tmp_path, corpora, seeds=[0])
    whole = compare(file, tmp_path / "whole", is_quiet=True).as_json()
    said: list[str] = []

    def killed(line: str) -> None:
        said.append(line)
        if len(said) == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        compare(file, tmp_path / "out", is_quiet=True, tell=killed)
    assert run(["compare", str(file), "--output", str(tmp_path / "out"), "--quiet", "--json"]) == DONE
    out, err = capsys.readouterr()
    assert json.loads(out) == json.loads(json.dumps(whole)) and err.count("mean AUROC") == 6 - 3
    more = write_study(tmp_path / "more", corpora, seeds=[0, 1])
    assert compare(more, tmp_path / "out", is_quiet=True).as_json()["rows"][0]["n_train"]["n"] == 2


@pytest.mark.parametrize(
    ("settings", "error", "told"),
    [
        ({"sizes": [40, 20]}, ConfigError, "rising"),
        ({"sizes": [1, 20]}, ConfigError, "2 and more"),
        ({"sizes": [20, 4000]}, DataError, "sizes asks for 4,000"),
        ({"target_fpr": 0.001}, ConfigError, "human"),
        ({"contestants": NAIVE + '[contestants.vote]\nvote_of = ["naive Bayes"]\n'}, ConfigError, "made of others"),
    ],
)
def test_what_cannot_be_is_refused(tmp_path, corpora, settings, error, told):
    with pytest.raises(error, match=told):
        compare(write_study(tmp_path, corpora, **settings), tmp_path / "out", is_quiet=True)


def test_a_folder_of_other_settings_and_flags_of_other_studies_are_refused(tmp_path, corpora, capsys):
    compare(write_study(tmp_path, corpora, seeds=[0], sizes=[20]), tmp_path / "out", is_quiet=True)
    file = write_study(tmp_path, corpora, seeds=[0], sizes=[20], target_fpr=0.04)
    assert run(["compare", str(file), "--output", str(tmp_path / "out")]) == MISUSE
    assert "target_fpr" in capsys.readouterr().err
    assert run(["compare", str(file), "--output", str(tmp_path / "new"), "--only", "one"]) == MISUSE
    assert "study of scaling" in capsys.readouterr().err


def test_no_text_that_sets_the_threshold_is_ever_trained_on(tmp_path, corpora):
    pile = PileReader(read_study(write_study(tmp_path, corpora)), is_quiet=True).pile(0)
    assert not set(pile.human_calibration) & {example.text for example in pile.train}
    assert len(pile.human_calibration) > 40
    assert set(pile.tests) == {"three"}


examples = st.lists(st.tuples(st.integers(0, 8), st.sampled_from(["human", "ai"]), st.floats(-5, 5)), max_size=40)


@given(examples, st.floats(-2, 2))
def test_the_hardest_group_comes_first_and_whole(rows, threshold):
    own = [Example(str(i), f"text {i}", label, f"g{group}") for i, (group, label, _) in enumerate(rows)]
    order = hardest_first(own, np.array([score for *_, score in rows], dtype=np.float64), threshold=threshold)
    assert sorted(e.id for e in order) == sorted(e.id for e in own)
    margins = {str(i): score - threshold if label == "human" else threshold - score
               for i, (_, label, score) in enumerate(rows)}  # fmt: skip
    groups = list(dict.fromkeys(e.group for e in order))
    assert [e.group for e in order] == [g for g in groups for e in order if e.group == g]
    worst = [max(margins[e.id] for e in order if e.group == g) for g in groups]
    assert worst == sorted(worst, reverse=True)


@given(examples, st.integers(0, 50))
def test_growth_stops_at_the_first_whole_group_that_is_enough(rows, size):
    own = sorted(
        (Example(str(i), "text", label, f"g{g}") for i, (g, label, _) in enumerate(rows)), key=lambda e: e.group
    )
    found = grown((), own, size)
    assert list(found) == own[: len(found)] and (len(found) >= size or len(found) == len(own))
    assert not {e.group for e in found} & {e.group for e in own[len(found) :]}
    again = grown(found, own, size + 5)
    assert again[: len(found)] == found and again == grown((), own, size + 5)


def test_the_loss_is_the_cross_entropy_with_both_classes_alike():
    scores, is_ai = np.array([2.0, -1.0, 0.5]), np.array([True, False, False])
    p = 1 / (1 + np.exp(-scores))
    expected = (-np.log(p[0]) + (-np.log(1 - p[1]) - np.log(1 - p[2])) / 2) / 2
    assert balanced_loss(scores, is_ai) == pytest.approx(expected)
    assert balanced_loss(np.array([1e4, -1e4]), np.array([True, False])) == 0.0


def cells(errors: dict[int, float], *, growth: str = "random") -> list[dict]:
    count = {"k": 1, "n": 100, "rate": 0.01, "low": 0.0, "high": 0.05}
    return [
        {"contestant": "c", "growth": growth, "seed": seed, "size": n, "n_train": n,
         "corpora": {"t": {"auroc": 1 - error - 0.001 * seed, "tpr_at_target": 0.5, "loss": 0.7, "fpr": count,
                           "tpr": count}}}
        for n, error in errors.items() for seed in (0, 1)
    ]  # fmt: skip


def test_a_falling_error_has_a_curve_and_a_level_one_a_reason():
    own = cells({n: 0.05 + 2.0 * n**-0.5 for n in (100, 200, 400, 800, 1600, 3200)})
    falls, level = fits(own, n_draws=100)
    assert falls.forecast is not None and falls.forecast.curve.exponent == pytest.approx(0.5, abs=0.1)
    assert falls.ahead[2.0].value < 0.05 + 2.0 * 3200**-0.5 and falls.to_gain_a_tenth is not None
    assert level.forecast is None and level.reason and level.to_gain_a_tenth is None and level.ahead == {}
    own[0]["corpora"]["t"] |= {"tpr_at_target": None}
    [row, *_] = scaling_rows(own)
    assert row.tpr_at_target.n == 1 and row.tpr_at_target.mean == 0.5
    assert row.fpr.mean == 0.01 and row.fpr_low < 0.01 < row.fpr_high
