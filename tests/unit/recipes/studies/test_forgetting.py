"""Forgetting: what is learnt and what is retained are measured on texts that neither training nor choice saw."""

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import spearmanr
from tests.tiny import WORDS, save_tiny_decoder, save_tiny_encoder
from tests.unit.recipes.studies.test_tuning import task_rows

from tain.core.errors import ConfigError, DataError
from tain.evaluation.bootstrap import Bootstrap
from tain.recipes.studies.compare import compare
from tain.recipes.studies.forgetting import study as forgetting_study
from tain.recipes.studies.forgetting.measuring import CHANGE
from tain.recipes.studies.forgetting.plots import front
from tain.recipes.studies.forgetting.retention import Retention, cosines, probe, retrieve
from tain.recipes.studies.forgetting.study import RETAINED
from tain.recipes.studies.kinds import read_study
from tain.recipes.studies.tuning import study as tuning_study

LEARN = """
study = "forgetting"
[learn]
seeds = [0, 1]
sizes = [16]
bases = [{base}]
pooling = "mean"
reference = "full"
n_draws = 100
training = {{ n_epochs = 2, batch_tokens = 64, n_evaluations = 1 }}
[[learn.tasks]]
name = "two"
file = {two}
splits = {{ train = "train", valid = "dev", test = "test" }}
[[learn.methods]]
name = "full"
method = {{ kind = "full" }}
learning_rates = [1e-2]
[[learn.methods]]
name = "LoRA"
method = {{ kind = "lora", rank = 2 }}
learning_rates = [3e-2]
[[learn.methods]]
name = "head only"
method = {{ kind = "head_only" }}
learning_rates = [1e-2]
"""
RETAIN = """
[[retain]]
name = "topics"
kind = "probe"
file = {three}
n_train = 40
[[retain]]
name = "neighbours"
kind = "retrieval"
file = {three}
n_train = 40
[[retain]]
name = "pairs"
kind = "similarity"
file = {pairs}
pair_column = "other"
"""


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("tasks")
    parts = {"train": task_rows(60, seed=1), "dev": task_rows(16, seed=2), "test": task_rows(30, seed=3)}
    rows = [row | {"split": name} for name, own in parts.items() for row in own]
    pl.DataFrame(rows).write_parquet(folder / "two.parquet")
    pl.DataFrame(task_rows(90, seed=4, classes=3)).write_parquet(folder / "three.parquet")
    rng = np.random.default_rng(0)
    words = [" ".join(rng.choice(WORDS, size=6)) for _ in range(80)]
    numbers = [f"{value:.1f}" for value in rng.uniform(0, 5, size=40)]
    pl.DataFrame({"text": words[:40], "other": words[40:], "label": numbers}).write_parquet(folder / "pairs.parquet")
    save_tiny_encoder(folder / "base")
    return folder


def write_study(folder: Path, data: Path, *, learn: str = LEARN, retain: str = RETAIN) -> Path:
    names = {name: json.dumps(str(data / f"{name}.parquet")) for name in ("two", "three", "pairs")}
    file = folder / "study.toml"
    file.write_text((learn + retain).format(base=json.dumps(str(data / "base")), **names))
    return file


@pytest.fixture
def here(monkeypatch):
    """Cells and measurements in this process, for speed; what was run."""
    ran: list[str] = []

    def run_here(work, argument, *, name):
        ran.append(name)
        work(argument)

    for module in (tuning_study, forgetting_study):
        monkeypatch.setattr(module, "run_apart", run_here)
    return ran


def test_the_head_alone_forgets_nothing_and_what_was_measured_is_never_measured_again(tmp_path, data, here):
    file, output = write_study(tmp_path, data), tmp_path / "out"
    table = compare(file, output, is_quiet=True)
    rows = {row["contestant"]: row for row in table.as_json()["rows"]}
    before, head = rows[""], rows["head only"]
    assert [own["mean"] for own in head["retained"].values()] == [own["mean"] for own in before["retained"].values()]
    assert (head["effective_rank"]["mean"], head["relative_frobenius"]["mean"]) == (0.0, 0.0)
    assert rows["LoRA"]["effective_rank"]["mean"] <= 2 < rows["full"]["effective_rank"]["mean"] <= 16
    assert rows["full"]["mean_retained"]["n"] == rows["full"]["learnt"]["n"] == 2
    assert rows["full"]["relative_frobenius"]["mean"] > 0
    gaps = {gap["first"]: gap for gap in table.as_json()["gaps"]}
    assert set(gaps) == {"LoRA", "head only"}
    for name, gap in gaps.items():
        expected = rows[name]["mean_retained"]["mean"] - rows["full"]["mean_retained"]["mean"]
        assert gap["value"] == pytest.approx(expected) and gap["low"] <= gap["value"] <= gap["high"]
    assert (output / "plots" / "pareto-two-base.png").stat().st_size > 1000
    text = (output / "table.md").read_text()
    assert "none: as it comes" in text and "| topics |" in text and "Not complete" not in text

    here.clear()
    assert compare(file, output, is_quiet=True).as_json() == table.as_json() and not here
    [lost, *_] = sorted((output / "learnt" / "cells").glob(f"*/{RETAINED}/{CHANGE}"))
    lost.unlink()
    assert compare(file, output, is_quiet=True).as_json() == table.as_json() and len(here) == 1


def test_what_is_retained_of_a_part_of_the_study_is_measured_at_once(tmp_path, data, here):
    table = compare(write_study(tmp_path, data), tmp_path / "out", only=["head only"], is_quiet=True)
    assert [row["contestant"] for row in table.as_json()["rows"]] == ["", "head only"]
    assert table.n_left == 6 and not table.is_cut_short and "steps left: 6" in table.markdown()


@pytest.mark.parametrize(
    ("learn", "retain", "error", "told"),
    [
        ("", RETAIN.replace('pair_column = "other"', ""), ConfigError, "needs pair_column"),
        ("", RETAIN.replace('"pairs"', '"topics"'), ConfigError, "'topics' twice"),
        ("", RETAIN.replace('"other"', '"another"'), ConfigError, "no column 'another'"),
        ("", RETAIN.replace("{pairs}", '"nowhere.parquet"'), ConfigError, "no file nowhere.parquet"),
        ("", RETAIN + 'label_column = "text"', DataError, "number"),
        ("keep_models = false\n", RETAIN, ConfigError, "keep_models"),
        ('baselines = ["tfidf-logistic"]\n', RETAIN, ConfigError, "forget nothing"),
        ("", "", ConfigError, "retain"),
    ],
)  # fmt: skip
def test_what_cannot_be_measured_is_refused_before_any_training(tmp_path, data, here, learn, retain, error, told):
    file = write_study(tmp_path, data, learn=LEARN.replace("[learn]\n", "[learn]\n" + learn), retain=retain)
    with pytest.raises(error, match=told):
        compare(file, tmp_path / "out", is_quiet=True)
    assert not here


def test_a_folder_of_another_study_is_left_alone(tmp_path, data):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "study.json").write_text('{"study": "tuning"}')
    with pytest.raises(ConfigError, match="another kind"):
        compare(write_study(tmp_path, data), tmp_path / "out", is_quiet=True)
    assert json.loads((tmp_path / "out" / "study.json").read_text()) == {"study": "tuning"}


def test_models_are_kept_without_being_asked_for(tmp_path, data):
    assert read_study(write_study(tmp_path, data)).learn.keep_models


@given(st.lists(st.tuples(st.integers(0, 5), st.floats(-1, 1)), min_size=3, max_size=20))
def test_similarity_is_spearmans_correlation_and_zero_where_there_is_no_order(rows):
    labels, said = (np.array(column, dtype=np.float64) for column in zip(*rows, strict=True))
    found = Retention(tuple(map(str, range(len(rows)))), labels, said, "similarity").value
    if len(set(labels)) == 1 or len(set(said)) == 1:
        assert found == 0.0
    else:
        assert found == pytest.approx(spearmanr(labels, said).statistic, abs=1e-9)


@pytest.mark.parametrize("kind", ["probe", "similarity"])
def test_draws_are_around_the_value_and_alike_for_equal_networks(kind):
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, size=200).astype(np.float64)
    said = np.where(rng.random(200) < 0.7, labels, (labels + 1) % 3)
    one, other = (Retention(tuple(map(str, range(200))), labels, said, kind) for _ in range(2))
    draws = one.draws(Bootstrap(n_draws=200))
    assert np.array_equal(draws, other.draws(Bootstrap(n_draws=200)))
    assert draws.shape == (200,) and abs(draws.mean() - one.value) < 0.02 and 0 < draws.std() < 0.1


def test_probe_and_retrieval_do_not_hang_on_the_scale_or_the_place_of_embeddings():
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, size=120)
    rows = np.eye(3)[labels] @ rng.normal(size=(3, 8)) + 0.1 * rng.normal(size=(120, 8))
    train, tested, own = rows[:80], rows[80:], labels[:80]
    said = probe(train, own, tested)
    assert (said == labels[80:]).mean() > 0.9
    assert np.array_equal(said, probe(1000 * train + 7, own, 1000 * tested + 7))
    assert np.array_equal(retrieve(train, own, tested), retrieve(5 * train, own, 0.1 * tested))
    assert np.array_equal(retrieve(train, own, train), own)
    assert np.allclose(cosines(train, 3 * train), 1) and np.allclose(cosines(train, -train), -1)


def test_the_front_is_what_no_other_beats():
    points = [(0.8, 0.5), (0.7, 0.6), (0.8, 0.4), (0.6, 0.55), (0.5, 0.9)]
    assert front(points) == [4, 1, 0]
    assert front([(1.0, 1.0), (1.0, 1.0)]) == [0]


DECODER = """
[[retain]]
name = "questions"
kind = "choice"
file = {asked}
text_column = "question"
label_column = "answer"
[[retain]]
name = "sums"
kind = "exact_match"
file = {asked}
text_column = "question"
label_column = "number"
max_test = 2
max_new_tokens = 3
[[retain]]
name = "programs"
kind = "code"
file = {asked}
text_column = "question"
max_test = 2
n_samples = 3
ks = [1, 3]
max_new_tokens = 3
allow_code = true
[[retain]]
name = "stories"
kind = "diversity"
file = {asked}
text_column = "question"
max_test = 2
n_samples = 3
max_new_tokens = 3
"""
ANSWERING = """
[[learn.methods]]
name = "label words"
method = {{ kind = "label_words", network = "full", label_words = {{ 0 = "w1", 1 = "w2" }}, introduction = "w3", instruction = "w4" }}
learning_rates = [1e-2]
"""  # noqa: E501


def write_decoder_study(folder: Path, data: Path) -> Path:
    save_tiny_decoder(folder / "base")
    rows = [
        {"question": f"w{i} w{i + 1} Answer format: w{i}/w{i + 1}", "answer": f"w{i + i % 2}", "number": "#### 3",
         "test": "def check(f): assert f() == 1", "entry_point": "f"}
        for i in range(6)
    ]  # fmt: skip
    pl.DataFrame(rows).write_parquet(folder / "asked.parquet")
    text = LEARN.replace("seeds = [0, 1]", "seeds = [0]").replace('pooling = "mean"\n', "") + ANSWERING + DECODER
    names = {name: json.dumps(str(data / f"{name}.parquet")) for name in ("two", "three", "pairs")}
    file = folder / "study.toml"
    asked = json.dumps(str(folder / "asked.parquet"))
    file.write_text(text.format(base=json.dumps(str(folder / "base")), asked=asked, **names))
    return file


def test_decoders_choose_answer_and_write_with_the_head_for_the_next_word(tmp_path, data, here):
    file, output = write_decoder_study(tmp_path, data), tmp_path / "out"
    table = compare(file, output, is_quiet=True)
    rows = {row["contestant"]: row for row in table.as_json()["rows"]}
    before, head = rows[""], rows["head only"]
    assert set(rows) == {"", "full", "LoRA", "head only", "label words"}
    assert [own["mean"] for own in head["retained"].values()] == [own["mean"] for own in before["retained"].values()]
    assert head["written"] == {
        name: {k: {**v, "sd": None} for k, v in own.items()} for name, own in before["written"].items()
    }
    for row in rows.values():
        assert all(0 <= own["mean"] <= 1 for own in row["retained"].values())
        assert row["retained"]["sums"]["mean"] == row["retained"]["programs"]["mean"] == 0.0
        assert set(row["written"]["programs"]) >= {"pass@1", "pass@3", "distinct texts"}
        assert row["written"]["stories"]["distinct texts"]["mean"] == row["retained"]["stories"]["mean"]
    assert rows["label words"]["effective_rank"]["mean"] > 0
    [written] = (output / "bases").glob("*/stories-*.written.parquet")
    texts = pl.read_parquet(written)
    assert texts.height == 6 and texts["text"].str.contains("w").any() and texts["is_right"].null_count() == 6
    assert "| stories | self-BLEU |" in (output / "table.md").read_text()


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("allow_code = true", "", "allow_code = true where there are no secrets"),
        ("ks = [1, 3]", "ks = [4]", "pass@4 of 3 samples"),
        ('label_column = "answer"', 'label_column = "number"', "none of the choices"),
        ('label_column = "answer"', 'label_column = "nothing"', "no column 'nothing'"),
    ],
)
def test_questions_that_cannot_be_asked_are_refused(tmp_path, data, here, old, new, told):
    file = write_decoder_study(tmp_path, data)
    file.write_text(file.read_text().replace(old, new))
    with pytest.raises((ConfigError, DataError), match=told):
        compare(file, tmp_path / "out", is_quiet=True)
    assert not here
