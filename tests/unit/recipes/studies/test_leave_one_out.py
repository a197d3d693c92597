"""Leave-one-out: nothing held out is trained on, what is done stays done, and the table says what was measured."""

import json
import shutil
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from tests.detector_fixtures import made_up_texts
from tests.tiny import save_tiny_encoder

from tain.cli import DONE, FAILED, MISUSE
from tain.cli.app import run
from tain.core.errors import ConfigError
from tain.recipes.studies.contestants import Scores, vote
from tain.recipes.studies.held_out import StudyTextsReader
from tain.recipes.studies.kinds import read_study
from tain.recipes.studies.leave_one_out_table import MACRO, rows
from tain.recipes.studies.sums import weighted_sum

CORPORA = {"one": "a", "two": "a", "three": "b", "four": "c"}
N = 150


@pytest.fixture(scope="module")
def corpora(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("corpora")
    for number, name in enumerate(CORPORA):
        human = made_up_texts(N, seed=10 + number, high=60)
        ai = made_up_texts(N, seed=20 + number, ai=True, high=60)
        with (folder / f"{name}.jsonl").open("w") as file:
            for i, (one, other) in enumerate(zip(human, ai, strict=True)):
                file.write(json.dumps({"id": f"h{i}", "text": one, "label": "human", "group": f"g{i}"}) + "\n")
                generator = ("gpt", "claude")[i % 2]
                row = {"id": f"a{i}", "text": other, "label": "ai", "group": f"g{i}", "generator": generator}
                file.write(json.dumps(row) + "\n")
    return folder


def write_study(folder: Path, corpora: Path, contestants: str, **settings: object) -> Path:
    lines = ['study = "leave-one-out"', *(f"{key} = {json.dumps(value)}" for key, value in settings.items())]
    lines += [
        "[texts]",
        "n_train = 60",
        "n_calibration = 80",
        "n_test = 50",
        "cut_high = 55",
        "calibration_share = 0.4",
    ]
    for name, family in CORPORA.items():
        path = json.dumps(str(corpora / f"{name}.jsonl"))
        lines += ["[[corpora]]", f'name = "{name}"', f"file = {path}", f'family = "{family}"']
    file = folder / "study.toml"
    file.write_text("\n".join([*lines, contestants]))
    return file


TFIDF = '[contestants.tfidf]\nbaseline = "tfidf-logistic"\n'


@pytest.mark.parametrize("held", ["a", "b", "c"])
def test_a_family_is_held_out_whole_and_groups_never_part(tmp_path, corpora, held):
    study = read_study(write_study(tmp_path, corpora, TFIDF, target_fpr=0.03))
    part = StudyTextsReader(study, is_quiet=True).part(held, seed=0)
    families = {CORPORA[str(example.source)] for example in part.train}
    assert held not in families
    assert len(families) == 2
    assert {CORPORA[name] for name in part.tests} == {held}
    trained = {example.group for example in part.train}
    assert not trained & {example.group for corpus in part.tests.values() for example in corpus}
    calibration = set(part.human_calibration)
    assert not calibration & {example.text for example in part.train}


def test_a_generator_is_held_out_with_the_groups_of_its_texts(tmp_path, corpora):
    study = read_study(write_study(tmp_path, corpora, TFIDF, hold_out="generator", target_fpr=0.03))
    part = StudyTextsReader(study, is_quiet=True).part("gpt", seed=0)
    assert {e.generator for e in part.train if e.label == "ai"} == {"claude"}
    tested = [example for corpus in part.tests.values() for example in corpus]
    assert {e.generator for e in tested if e.label == "ai"} == {"gpt"}
    assert not {e.group for e in tested} & {e.group for e in part.train}


def test_a_corpus_without_the_generator_is_not_tested_but_sets_the_threshold(tmp_path, corpora):
    copied = tmp_path / "corpora"
    shutil.copytree(corpora, copied)
    (copied / "four.jsonl").write_text((corpora / "four.jsonl").read_text().replace('"gpt"', '"claude"'))
    study = read_study(write_study(tmp_path, copied, TFIDF, hold_out="generator", target_fpr=0.03))
    reader = StudyTextsReader(study, is_quiet=True)
    assert set(reader.part("gpt", seed=0).tests) == {"one", "two", "three"}
    assert set(reader.part("claude", seed=0).tests) == set(CORPORA)
    human = {e.text for e in reader.examples if e.source == "four" and e.label == "human"}
    assert human & set(reader.part("gpt", seed=0).human_calibration)


def test_training_texts_that_repeat_a_test_text_are_left_out(tmp_path, corpora):
    copied = tmp_path / "corpora"
    shutil.copytree(corpora, copied)
    rows_of_one = (copied / "one.jsonl").read_text().splitlines()
    changed = [json.loads(row) | {"id": f"copy{i}", "group": f"copy{i}"} for i, row in enumerate(rows_of_one[:40])]
    for row in changed:
        row["text"] += " w1"
    (copied / "three.jsonl").write_text("".join(json.dumps(row) + "\n" for row in changed))
    study = read_study(write_study(tmp_path, copied, TFIDF, target_fpr=0.1))
    part = StudyTextsReader(study, is_quiet=True).part("a", seed=0)
    repeats = {e.text for corpus in part.tests.values() for e in corpus}
    assert part.n_repeats > 0
    assert not any(e.text.removesuffix(" w1") in repeats for e in part.train if e.source == "three")


def test_human_texts_that_two_corpora_share_do_not_train_and_set_the_threshold_too(tmp_path, corpora):
    copied = tmp_path / "corpora"
    shutil.copytree(corpora, copied)
    rows_of_three = [json.loads(row) for row in (copied / "three.jsonl").read_text().splitlines()]
    shared = [
        row | {"id": f"copy{i}", "group": f"copy{i}", "text": row["text"] + " w1"}
        for i, row in enumerate(rows_of_three)
    ]
    (copied / "four.jsonl").write_text("".join(json.dumps(row) + "\n" for row in shared))
    study = read_study(write_study(tmp_path, copied, TFIDF, target_fpr=0.1))
    part = StudyTextsReader(study, is_quiet=True).part("a", seed=0)
    trained = {e.text.removesuffix(" w1") for e in part.train}
    assert part.n_known > 0
    assert not any(text.removesuffix(" w1") in trained for text in part.human_calibration)


def test_a_study_runs_resumes_and_extends(tmp_path, corpora, capsys, monkeypatch):
    monkeypatch.setenv("TAIN_CACHE", str(tmp_path / "cache"))
    base = save_tiny_encoder(tmp_path / "base")
    contestants = TFIDF + (
        f'[contestants.lora]\nbase = "{base}"\nmethod = {{kind = "lora", rank = 2}}\n'
        "training = {n_epochs = 1, threads = 1, n_evaluations = 1}\n"
        '[contestants.vote]\nvote_of = ["tfidf", "lora"]\n'
    )
    output = tmp_path / "out"
    file = write_study(tmp_path, corpora, contestants, target_fpr=0.03, seeds=[0], held=["b"])
    assert run(["compare", str(file), "--output", str(output), "--quiet", "--json"]) == DONE
    table = json.loads(capsys.readouterr().out)
    assert {(row["corpus"], row["contestant"]) for row in table["rows"]} == {
        (corpus, name) for corpus in ("three", MACRO) for name in ("tfidf", "lora", "vote")
    }
    cells = {cell: cell.stat().st_mtime_ns for cell in output.rglob("seed-0.json")}
    assert len(cells) == 3
    file = write_study(tmp_path, corpora, contestants, target_fpr=0.03, seeds=[0], held=["b", "c"])
    assert run(["compare", str(file), "--output", str(output), "--quiet"]) == DONE
    assert "| four | vote |" in capsys.readouterr().out
    assert all(cell.stat().st_mtime_ns == made for cell, made in cells.items())
    assert (output / "table.md").read_text().startswith("| held out | contestant |")
    other = write_study(tmp_path, corpora, contestants, target_fpr=0.05, seeds=[0])
    assert run(["compare", str(other), "--output", str(output), "--quiet"]) == MISUSE
    assert "target_fpr" in capsys.readouterr().err


def stored(output: Path, contestant: str) -> tuple[dict, pl.DataFrame]:
    file = next(output.glob(f"cells/*/{contestant}/seed-0.json"))
    return json.loads(file.read_text()), pl.read_parquet(file.with_suffix(".parquet"))


TWO = TFIDF + '[contestants.style]\nbaseline = "style-logistic"\n'
SUM = "[contestants.sum]\nsum_of = { tfidf = 1.0, style = 3.0 }\n"
ONE_CELL = {"target_fpr": 0.03, "seeds": [0], "held": ["b"]}


@pytest.fixture(scope="module")
def two_done(tmp_path_factory, corpora) -> Path:
    """The folder of a study of two contestants."""
    folder = tmp_path_factory.mktemp("two")
    file = write_study(folder, corpora, TWO, **ONE_CELL)
    assert run(["compare", str(file), "--output", str(folder / "out"), "--quiet"]) == DONE
    return folder / "out"


def test_a_sum_of_scores_extends_a_study_from_what_is_stored(tmp_path, corpora, two_done):
    output = tmp_path / "out"
    shutil.copytree(two_done, output)
    settings = json.loads((output / "study.json").read_text())
    for contestant in settings["contestants"].values():
        del contestant["sum_of"]  # as written by a tain that knew of no sums
    (output / "study.json").write_text(json.dumps(settings))
    made = {cell: cell.stat().st_mtime_ns for cell in output.rglob("seed-0.*")}
    file = write_study(tmp_path, corpora, TWO + SUM, **ONE_CELL)
    assert run(["compare", str(file), "--output", str(output), "--quiet"]) == DONE
    assert all(cell.stat().st_mtime_ns == at for cell, at in made.items())
    (_, tfidf), (_, style), (cell, added) = (stored(output, name) for name in ("tfidf", "style", "sum"))
    expected = tfidf["score"].to_numpy() + 3 * style["score"].to_numpy()
    assert added["score"].to_numpy() == pytest.approx(expected)
    assert added["id"].equals(tfidf["id"])
    calibration = added.filter(pl.col("corpus") == "(calibration)")["score"]
    assert (calibration > cell["threshold"]).mean() <= 0.03
    assert cell["threshold"] in calibration.to_list()


def test_stored_scores_of_other_texts_are_not_added(tmp_path, corpora, two_done, capsys):
    output = tmp_path / "out"
    shutil.copytree(two_done, output)
    scores = next(output.glob("cells/*/style/seed-0.parquet"))
    pl.read_parquet(scores).with_columns(pl.col("id") + "x").write_parquet(scores)
    file = write_study(tmp_path, corpora, TWO + SUM, **ONE_CELL)
    assert run(["compare", str(file), "--output", str(output), "--quiet"]) == MISUSE
    assert "scores of other texts than those of b" in capsys.readouterr().err
    assert not list(output.glob("cells/*/sum"))


def test_a_corpus_that_changed_is_no_part_of_the_study_that_was_begun(tmp_path, corpora, two_done, capsys):
    output, changed = tmp_path / "out", tmp_path / "corpora"
    shutil.copytree(two_done, output)
    settings = json.loads((output / "study.json").read_text())
    shutil.copytree(corpora, changed)
    for own in settings["corpora"]:
        own["file"] = own["file"].replace(str(corpora), str(changed))
    (output / "study.json").write_text(json.dumps(settings))
    file = write_study(tmp_path, changed, TWO, **ONE_CELL)
    assert run(["compare", str(file), "--output", str(output), "--quiet"]) == DONE
    with (changed / "four.jsonl").open("a") as own:
        own.write(json.dumps({"id": "new", "text": "more " * 60, "label": "human"}) + "\n")
    capsys.readouterr()
    assert run(["compare", str(file), "--output", str(output), "--quiet"]) == MISUSE
    assert "other settings: the file of four" in capsys.readouterr().err


def test_a_contestant_left_out_stays_known_and_names_do_not_share_a_folder(tmp_path, corpora, two_done, capsys):
    output = tmp_path / "out"
    shutil.copytree(two_done, output)
    assert (
        run(["compare", str(write_study(tmp_path, corpora, TFIDF, **ONE_CELL)), "--output", str(output), "--quiet"])
        == DONE
    )
    other = TFIDF + '[contestants.style]\nbaseline = "style-boosting"\n'
    assert run(["compare", str(write_study(tmp_path, corpora, other, **ONE_CELL)), "--output", str(output)]) == MISUSE
    assert "contestants.style" in capsys.readouterr().err
    alike = TFIDF + '[contestants."tfidf."]\nbaseline = "style-boosting"\n'
    file = write_study(tmp_path, corpora, alike, **ONE_CELL)
    assert run(["compare", str(file), "--output", str(tmp_path / "new")]) == MISUSE
    assert "would share the folder tfidf" in capsys.readouterr().err


def test_a_sum_adds_each_score_so_many_times():
    one, two = (Scores(np.array([own]), {"x": np.array([own, -own])}) for own in (1.0, 10.0))
    added = weighted_sum([one, two], [1.0, 0.5])
    assert added.calibration.tolist() == [6.0]
    assert added.tests["x"].tolist() == [6.0, -6.0]


def test_a_sum_names_contestants_that_learn_and_weights_above_zero(tmp_path, corpora):
    file = write_study(tmp_path, corpora, TWO + SUM + "[contestants.again]\nsum_of = { sum = 1.0 }\n")
    with pytest.raises(ConfigError, match=r"again adds the scores of \['sum'\]; expected some of"):
        read_study(file)
    file = write_study(tmp_path, corpora, TFIDF + "[contestants.sum]\nsum_of = { tfidf = 0.0 }\n")
    with pytest.raises(ConfigError, match=r"contestants.sum.sum_of.tfidf: Input should be greater than 0"):
        read_study(file)


def test_bad_settings_are_told_at_once(tmp_path, corpora, capsys):
    contestants = '[contestants.x]\nbaseline = "tfidf-logistic"\nvote_of = ["x"]\n[contestants.y]\nmethod = 3\n'
    file = write_study(tmp_path, corpora, contestants)
    assert run(["compare", str(file), "--output", str(tmp_path / "out")]) == MISUSE
    told = capsys.readouterr().err
    assert "exactly one of baseline, vote_of, sum_of and method" in told
    assert "contestants.y.method" in told
    file = write_study(tmp_path, corpora, TFIDF, held=["zebra"])
    assert run(["compare", str(file), "--output", str(tmp_path / "out")]) in (MISUSE, FAILED)
    assert "zebra" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_too_few_human_texts_for_the_threshold_are_told(tmp_path, corpora, capsys):
    file = write_study(tmp_path, corpora, TFIDF, target_fpr=0.001)
    assert run(["compare", str(file), "--output", str(tmp_path / "out"), "--quiet"]) == MISUSE
    assert "2,995" in capsys.readouterr().err


def test_as_many_votes_for_as_against_flag_nobody():
    one, two = (Scores(np.array([0.0, 9.0]), {"x": np.array(own)}) for own in ([0.0, 9.0, 9.0], [0.0, 0.0, 9.0]))
    counted = vote([one, two], [5.0, 5.0])
    assert (counted.tests["x"] > 0.5).tolist() == [False, False, True]


def test_the_table_is_the_mean_of_seeds_and_puts_the_worst_corpus_first():
    def cell(seed: int, held: str, auroc: float, k: int) -> dict[str, object]:
        own = {"auroc": auroc, "tpr_at_target": 0.5, "fpr": {"k": k, "n": 100, "rate": k / 100}, "tpr": {"rate": 0.4}}
        return {"seed": seed, "held": held, "contestant": "lora", "corpora": {held: own}}

    table = rows([cell(0, "mild", 0.9, 1), cell(1, "mild", 0.8, 1), cell(0, "hard", 0.7, 8), cell(1, "hard", 0.6, 4)])
    assert [row.corpus for row in table] == ["hard", "mild", MACRO]
    assert table[0].fpr.mean == pytest.approx(0.06)
    assert table[1].auroc.mean == pytest.approx(0.85)
    assert table[1].auroc.sd == pytest.approx(np.std([0.9, 0.8], ddof=1))
    assert table[2].auroc.mean == pytest.approx(0.75)
    assert str(table[1].auroc) == "0.850 ± 0.071"


def test_a_corpus_tested_with_two_generators_held_out_has_rows_for_each():
    def cell(held, seed, auroc):
        rate = {"k": 0, "n": 10, "rate": 0.0, "low": 0.0, "high": 0.3}
        own = {"auroc": auroc, "tpr_at_target": 0.1, "fpr": rate, "tpr": rate}
        return {"held": held, "contestant": "a", "seed": seed, "corpora": {"essays": own}}

    table = rows([cell(held, seed, auroc) for held, auroc in (("gpt", 0.9), ("llama", 0.5)) for seed in (0, 1)])
    assert {row.corpus: (row.auroc.mean, row.auroc.n) for row in table[:2]} == {
        "essays, gpt held out": (0.9, 2),
        "essays, llama held out": (0.5, 2),
    }
