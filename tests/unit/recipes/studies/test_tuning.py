"""Tuning: equal sweeps, rates chosen without the test texts, cells that are never repeated, and what is measured."""

import json
import os
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from tests.tiny import WORDS, save_tiny_encoder

from tain.cli import DONE, MISUSE, PARTIAL
from tain.cli.app import run
from tain.core.errors import ConfigError, DataError, MethodError, MissingExtraError, TrainingError
from tain.recipes.studies.compare import compare
from tain.recipes.studies.kinds import read_study
from tain.recipes.studies.tuning import study as tuning_study
from tain.recipes.studies.tuning import training as tuning_training
from tain.recipes.studies.tuning.cell import CellFolder
from tain.recipes.studies.tuning.choice import choose
from tain.recipes.studies.tuning.configuration import TuningTask
from tain.recipes.studies.tuning.cost import peak_rss_bytes
from tain.recipes.studies.tuning.plan import Plan
from tain.recipes.studies.tuning.process import run_apart
from tain.recipes.studies.tuning.study import TuningStudy
from tain.recipes.studies.tuning.texts import read_task, stratified

TRAINED = {"cost.json", "valid.parquet", "test.parquet"}


def task_rows(n: int, *, seed: int, classes: int = 2) -> list[dict[str, str]]:
    rng = np.random.default_rng(seed)
    rows = []
    for index in range(n):
        label = index % classes
        own = [WORDS[label * 10 + k] for k in rng.integers(10, size=3)]
        words = own + [WORDS[k] for k in rng.integers(len(WORDS), size=int(rng.integers(3, 9)))]
        rows.append({"text": " ".join(rng.permutation(words)), "label": str(label)})
    return rows


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("tasks")
    parts = {"train": task_rows(80, seed=1), "dev": task_rows(24, seed=2), "test": task_rows(40, seed=3)}
    rows = [row | {"split": name} for name, own in parts.items() for row in own]
    pl.DataFrame(rows).write_parquet(folder / "two.parquet")
    save_tiny_encoder(folder / "base")
    return folder


METHODS = """
[[methods]]
name = "LoRA"
method = { kind = "lora", rank = 2 }
learning_rates = [1e-4, 3e-2]
[[methods]]
name = "head only"
method = { kind = "head_only" }
learning_rates = [1e-4, 3e-2]
"""


def write_study(folder: Path, data: Path, *, methods: str = METHODS, task: str = "", **settings: object) -> Path:
    values = {"seeds": [0, 1], "sizes": [12, 32], "bases": [str(data / "base")]} | settings
    lines = ['study = "tuning"', *(f"{key} = {json.dumps(value)}" for key, value in values.items())]
    lines += ["training = { n_epochs = 2, batch_tokens = 64, n_evaluations = 1 }"]
    lines += ["[[tasks]]", 'name = "two"', f"file = {json.dumps(str(data / 'two.parquet'))}", 'metric = "matthews"']
    lines += ['splits = { train = "train", valid = "dev", test = "test" }', task]
    folder.mkdir(exist_ok=True)
    file = folder / "study.toml"
    file.write_text("\n".join(lines) + methods)
    return file


@pytest.fixture
def here(monkeypatch):
    """Cells in this process, for speed; their names in the order in which they ran."""
    ran: list[str] = []

    def run_here(work, argument, *, name):
        ran.append(name + ("" if argument.test_file is None else " test"))
        work(argument)

    monkeypatch.setattr(tuning_study, "run_apart", run_here)
    return ran


def without_measured_times(rows: list[dict]) -> list[dict]:
    volatile = {"peak_rss_bytes", "base_rss_bytes", "train_s", "tokens_per_s"}
    return [{key: value for key, value in row.items() if key not in volatile} for row in rows]


def test_a_study_runs_from_the_command_line_in_processes_of_its_own(tmp_path, data, capsys):
    file, output = write_study(tmp_path, data, sizes=[12], baselines=["tfidf-logistic"]), tmp_path / "out"
    assert run(["compare", str(file), "--output", str(output), "--quiet", "--json"]) == DONE
    out, err = capsys.readouterr()
    table = json.loads(out)
    assert [row["contestant"] for row in table["rows"]] == ["tfidf-logistic", "LoRA", "head only"]
    lora, head = table["rows"][1:]
    assert (lora["accuracy"]["n"], lora["n_test"], len(lora["sweep"])) == (2, 40, 2)
    assert lora["n_trainable"] > head["n_trainable"] == 34
    assert head["optimiser_bytes"] == 2 * 4 * 34 + 2 * 4  # two moments, and a step counter for each of two tensors
    assert lora["activation_bytes"] > head["activation_bytes"] > 0
    assert lora["peak_rss_bytes"] > lora["base_rss_bytes"] > 0
    assert lora["train_s"]["n"] == lora["tokens_per_s"]["n"] == 2
    assert {test["gap"]["measure"] for test in table["tests"]} == {"accuracy", "matthews"}
    assert "8 to go, time is told after the first" not in err
    assert "to go, about" in err and "that was the last" in err
    assert (output / "table.md").is_file() and (output / "table.tex").read_text().startswith(r"\begin{tabular}")
    assert len(list((output / "plots").glob("parameters-*.png"))) == 1
    assert not list(output.glob("cells/*/model"))
    assert not list(output.glob("cells/*/run/checkpoints"))


def test_killed_in_the_middle_of_a_cell_and_resumed_it_gives_the_same_and_repeats_nothing(
    tmp_path, data, here, monkeypatch
):
    file = write_study(tmp_path, data, task="training = { checkpoint_every = 2 }")
    whole = compare(file, tmp_path / "whole", is_quiet=True).as_json()
    n_cells = len(here)
    assert n_cells == 2 * 2 * (2 + 2)  # two sizes and methods: two rates swept, then the test of one and another seed
    assert len(set(here)) == n_cells
    here.clear()

    from tain.training import engine

    real, saved = engine.save_checkpoint, []

    def killed(*args, **kwargs):
        real(*args, **kwargs)
        saved.append(len(here))
        if len(here) == 6 and saved.count(6) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(engine, "save_checkpoint", killed)
    with pytest.raises(KeyboardInterrupt):
        compare(file, tmp_path / "out", is_quiet=True)
    monkeypatch.setattr(engine, "save_checkpoint", real)
    begun = here.copy()
    here.clear()
    done = {f: f.stat().st_mtime_ns for f in (tmp_path / "out" / "cells").glob("*/*") if f.name in TRAINED}
    again = compare(file, tmp_path / "out", is_quiet=True).as_json()
    assert here[0] == begun[-1]  # the one that was killed goes on, and no other is run twice
    assert sorted(begun[:-1] + here) == sorted(set(begun + here))
    assert all(f.stat().st_mtime_ns == at for f, at in done.items())
    assert without_measured_times(again["rows"]) == without_measured_times(whole["rows"])
    assert again["tests"] == whole["tests"]
    resumed = [CellFolder(f.parent).cost()["is_resumed"] for f in (tmp_path / "out").glob("cells/*/cost.json")]
    assert resumed.count(True) == 1
    peaks = [row["peak_rss_bytes"] for row in again["rows"]]
    assert all(peaks) and all(row["peak_rss_bytes"] for row in whole["rows"])  # another seed of the row was not resumed
    here.clear()
    compare(file, tmp_path / "out", is_quiet=True)
    assert here == []


def test_the_rate_is_chosen_on_validation_texts_and_the_sweep_is_given_no_test_texts(tmp_path, data, here, monkeypatch):
    jobs = []
    real = tuning_training.run_job
    monkeypatch.setattr(tuning_study, "run_job", lambda job: (jobs.append(job), real(job)))
    file = write_study(tmp_path, data, sizes=[32], seeds=[0])
    table = compare(file, tmp_path / "out", is_quiet=True).as_json()
    for row in table["rows"]:
        scores = {candidate["rate"]: candidate["validation"] for candidate in row["sweep"]}
        assert scores[row["rate"]] == max(scores.values())
    assert [job.test_file is None for job in jobs] == [True, True, False] * 2
    # With every test label turned round the same rates are chosen from the same cells.
    other = tmp_path / "turned"
    other.mkdir()
    frame = pl.read_parquet(data / "two.parquet")
    is_test = frame["split"] == "test"
    labels = [str(1 - int(v)) if t else v for v, t in zip(frame["label"], is_test, strict=True)]
    frame.with_columns(label=pl.Series(labels)).write_parquet(other / "two.parquet")
    (other / "base").symlink_to(data / "base")
    turned_table = compare(write_study(other, other, sizes=[32], seeds=[0]), other / "out", is_quiet=True).as_json()
    assert [row["rate"] for row in turned_table["rows"]] == [row["rate"] for row in table["rows"]]
    for row, mirrored in zip(table["rows"], turned_table["rows"], strict=True):
        assert mirrored["accuracy"]["mean"] == pytest.approx(1 - row["accuracy"]["mean"])


def test_rates_chosen_at_one_size_serve_all_and_are_trained_once(tmp_path, data, here):
    file = write_study(tmp_path, data, sweep_size=12)
    table = compare(file, tmp_path / "out", is_quiet=True).as_json()
    # Two methods: two rates at 12 texts, the test of one and another seed; at 32 texts the two seeds.
    assert len(here) == len(set(here)) == 2 * (2 + 2 + 2)
    for row in table["rows"]:
        assert row["swept_at"] == 12
        assert row["accuracy"]["n"] == 2
    for name in ("LoRA", "head only"):
        small, large = (row for row in table["rows"] if row["contestant"] == name)
        assert small["rate"] == large["rate"]
        assert small["sweep"] == large["sweep"]
    assert "chosen at 12 training texts" in (tmp_path / "out" / "table.md").read_text()
    with pytest.raises(ConfigError, match="sweep_size is 13; two has the sizes"):
        read_study(write_study(tmp_path, data, sweep_size=13))


def test_a_task_may_choose_its_rates_at_a_size_of_its_own(tmp_path, data, here):
    file = write_study(tmp_path, data, sweep_size=12, task="sweep_size = 32", seeds=[0])
    table = compare(file, tmp_path / "out", is_quiet=True).as_json()
    assert {row["swept_at"] for row in table["rows"]} == {32}
    with pytest.raises(ConfigError, match="sweep_size is 13; two has the sizes"):
        read_study(write_study(tmp_path, data, sweep_size=12, task="sweep_size = 13"))


def test_only_a_larger_size_sweeps_at_the_size_that_chooses(tmp_path, data, here):
    lines = []
    file = write_study(tmp_path, data, sweep_size=32, sizes=[12, 32], seeds=[0])
    study = TuningStudy(read_study(file), tmp_path / "out", is_quiet=True, tell=lines.append)
    n_expected = study.n_left
    study.run()
    # The test of a model that the sweep left is a step, but no training of its own.
    assert len(here) == n_expected == 2 * (2 + 1 + 1)
    assert study.n_left == 0


def test_a_study_extends_and_finds_what_it_has_in_common(tmp_path, data, here):
    small = write_study(tmp_path, data, sizes=[12], seeds=[0])
    compare(small, tmp_path / "out", is_quiet=True)
    before = set(here)
    here.clear()
    renamed = METHODS.replace('name = "LoRA"', 'name = "low rank"')
    compare(write_study(tmp_path, data, sizes=[12, 32], seeds=[0], methods=renamed), tmp_path / "out", is_quiet=True)
    assert not before & set(here)
    assert all("-n32-" in name for name in here)


def test_two_studies_share_their_trainings(tmp_path, data, here):
    cells = str(tmp_path / "cells")
    first = compare(write_study(tmp_path, data, sizes=[12], cells=cells), tmp_path / "one", is_quiet=True).as_json()
    here.clear()
    second = compare(write_study(tmp_path, data, sizes=[12], cells=cells), tmp_path / "two", is_quiet=True).as_json()
    assert here == []
    assert second == first


def test_unequal_budgets_and_a_rate_outside_the_sweep_are_refused(tmp_path, data):
    unequal = METHODS.replace("[1e-4, 3e-2]", "[1e-4, 1e-3, 3e-2]", 1)
    with pytest.raises(ConfigError, match=r"unequal numbers of learning_rates \(LoRA 3, head only 2\)"):
        read_study(write_study(tmp_path, data, methods=unequal))
    with pytest.raises(ConfigError, match="a rate twice"):
        read_study(write_study(tmp_path, data, methods=METHODS.replace("[1e-4, 3e-2]", "[1e-4, 1e-4]", 1)))
    sneaky = METHODS.replace("rank = 2 }", "rank = 2 }\ntraining = { lr = 1e-3 }")
    with pytest.raises(ConfigError, match="training.lr is what the sweep finds"):
        read_study(write_study(tmp_path, data, methods=sneaky))
    with pytest.raises(ConfigError, match="reference is 'x'"):
        read_study(write_study(tmp_path, data, reference="x"))
    (tmp_path / "no.toml").write_text("seeds = [0]")
    with pytest.raises(ConfigError, match=r"study is None. Expected one of leave-one-out, scaling, tuning, forgetting"):
        read_study(tmp_path / "no.toml")


def test_a_limit_stops_between_cells_and_only_takes_what_is_named(tmp_path, data, here, capsys):
    file, output = write_study(tmp_path, data, sizes=[12], seeds=[0]), tmp_path / "out"
    flags = ["compare", str(file), "--output", str(output), "--quiet"]
    assert run([*flags, "--limit-minutes", "0"]) == PARTIAL
    out, err = capsys.readouterr()
    assert len(here) == 1
    assert "Not complete, steps left: 5" in out
    assert "Stopped at the limit of 0 minutes: 5 to go, about" in err
    assert run([*flags, "--only", "head only"]) == DONE
    assert all("head_only" in name for name in here[1:]) and len(here) == 4
    out, err = capsys.readouterr()
    assert "that was the last" in err and "Not complete, steps left: 2" in out  # of the whole study
    assert run([*flags, "--only", "zebra"]) == MISUSE
    assert "--only zebra: nothing in the study has this name" in capsys.readouterr().err
    assert run(flags) == DONE
    assert len(here) == len(set(here)) == 6


def test_a_cell_that_fails_takes_nothing_from_the_table_of_those_that_are_done(tmp_path, data, here):
    methods = METHODS.replace('name = "head only"', 'name = "broken"').replace(
        'method = { kind = "head_only" }', 'method = { kind = "lora", targets = "no such layer" }'
    )
    file = write_study(tmp_path, data, methods=methods, sizes=[12])
    with pytest.raises(MethodError, match="matches no linear layer"):
        compare(file, tmp_path / "out", is_quiet=True)
    table = json.loads((tmp_path / "out" / "table.json").read_text())
    assert table["n_left"] > 0
    assert [row["contestant"] for row in table["rows"]] == ["LoRA"]


def test_a_rate_that_diverges_is_a_result_and_is_not_chosen(tmp_path, data, here, monkeypatch):
    from tain.training.engine import Engine

    real = Engine.train

    def diverges(self):
        if self.config.lr > 1e-2:
            self.state.progress.n_rollbacks = self.config.max_rollbacks
            raise TrainingError("The loss rose to nan at step 3.")
        return real(self)

    monkeypatch.setattr(Engine, "train", diverges)
    both = METHODS.replace("[1e-4, 3e-2]", "[2e-2, 3e-2]", 1)
    table = compare(write_study(tmp_path, data, sizes=[12], seeds=[0], methods=both), tmp_path / "out", is_quiet=True)
    lora, head = table.as_json()["rows"]
    assert (lora["rate"], lora["accuracy"]["mean"]) == (None, None)
    assert head["rate"] == 1e-4 and [one["validation"] is None for one in head["sweep"]] == [False, True]
    assert "| all diverged | 0 |" in table.markdown()
    n = len(here)
    compare(tmp_path / "study.toml", tmp_path / "out", is_quiet=True)
    assert len(here) == n


def test_varied_settings_are_contestants_of_their_own_and_become_a_heat_map(tmp_path, data, here):
    methods = """
[[methods]]
name = "LoRA"
method = { kind = "lora", rank = 2 }
learning_rates = [1e-2]
vary = { dropout = [0.0, 0.5] }
"""
    file = write_study(tmp_path, data, methods=methods, seeds=[0])
    table = compare(file, tmp_path / "out", is_quiet=True).as_json()
    assert [row["contestant"] for row in table["rows"]] == ["LoRA dropout=0.0", "LoRA dropout=0.5"] * 2
    assert len(list((tmp_path / "out" / "plots").glob("grid-two-base-LoRA.png"))) == 1


def test_settings_are_laid_over_each_other_study_then_task_then_method(tmp_path, data):
    methods = METHODS.replace("rank = 2 }", "rank = 2 }\ntraining = { n_epochs = 9.0 }")
    task = "epochs = { 12 = 5.0 }\ntraining = { batch_tokens = 128 }"
    study = read_study(write_study(tmp_path, data, methods=methods, task=task))
    lora, head = study.variants
    at = {"rate": 1e-4}
    assert study.training_of(study.tasks[0], head, size=12, **at).n_epochs == 5
    assert study.training_of(study.tasks[0], head, size=32, **at).n_epochs == 2
    assert study.training_of(study.tasks[0], lora, size=12, **at).n_epochs == 9
    assert study.training_of(study.tasks[0], lora, size=12, **at).batch_tokens == 128
    assert study.training_of(study.tasks[0], lora, size=12, **at).threads == 1


def task_of(tmp_path: Path, rows: list[dict], **settings: object) -> TuningTask:
    pl.DataFrame(rows).write_parquet(tmp_path / "task.parquet")
    return TuningTask(name="t", file=str(tmp_path / "task.parquet"), **settings)


def test_subsets_are_nested_stratified_and_drawn_by_seed(tmp_path):
    rows = [{"text": f"t {i}", "label": "01"[i % 4 == 0]} for i in range(400)]
    texts = read_task(task_of(tmp_path, rows), split_seed=0)
    subsets = {size: texts.subset(size, seed=1) for size in (7, 50, 200)}
    ids = {size: set(own["id"].to_list()) for size, own in subsets.items()}
    assert ids[7] < ids[50] < ids[200]
    for size, own in subsets.items():
        share = (texts.train["label"] == 1).mean()
        assert abs((own["label"] == 1).sum() - share * size) <= 1
    assert ids[50] != set(texts.subset(50, seed=2)["id"].to_list())
    with pytest.raises(ConfigError, match="500 training texts are asked for, but there are"):
        texts.subset(500, seed=0)
    with pytest.raises(ConfigError, match="hold none of"):
        texts.subset(1, seed=0)
    assert stratified(texts.train, seed=1).height == texts.train.height


def test_no_text_and_no_group_stands_in_two_parts(tmp_path):
    rows = [{"text": f"t {i}", "label": str(i % 2), "group": f"g{i // 2}", "split": "train"} for i in range(200)]
    for i in range(40):
        rows.append({"text": f"u {i}", "label": str(i % 2), "group": f"h{i}", "split": "test"})
    rows.append({"text": " U  3", "label": "1", "group": "x", "split": "train"})  # the words of a test text
    rows.append({"text": "new", "label": "1", "group": "h5", "split": "train"})  # the group of another
    rows.append({"text": "T 8", "label": "0", "group": "g4", "split": "train"})  # a repeat
    task = task_of(tmp_path, rows, group_column="group", splits={"train": "train", "test": "test"})
    texts = read_task(task, split_seed=0)
    parts = {name: set(getattr(texts, name)["id"].to_list()) for name in ("train", "valid", "test")}
    group = {str(i): row["group"] for i, row in enumerate(rows)}
    groups = {name: {group[i] for i in own} for name, own in parts.items()}
    assert not groups["train"] & groups["valid"] and not (groups["train"] | groups["valid"]) & groups["test"]
    assert not {"240", "241"} & (parts["train"] | parts["valid"])
    assert len({"8", "242"} & (parts["train"] | parts["valid"])) == 1
    repeats = texts.counts["train: in another part too"] + texts.counts["valid: in another part too"]
    assert repeats == 2 and texts.test.height == 40


def test_rows_are_chosen_by_column_cut_to_one_length_and_freed_of_comments(tmp_path):
    rows = [
        {"text": f"w{i} = 1  # said {i}\nx = {i}\ny = 2", "label": str(i % 2), "kind": "code" if i < 300 else "prose"}
        for i in range(400)
    ]
    rows += [{"text": f"short {i}", "label": "0", "kind": "code"} for i in range(7)]
    task = task_of(tmp_path, rows, where={"kind": ("code",)}, n_words=6, comments_of="python")
    texts = read_task(task, split_seed=0)
    found = [text for part in (texts.train, texts.valid, texts.test) for text in part["text"]]
    assert len(found) == 300 and texts.counts["under 6 words"] == 7
    assert all(len(text.split()) == 6 and "#" not in text and text.count("\n") == 1 for text in found)
    with pytest.raises(DataError, match="no row of .* has"):
        read_task(task_of(tmp_path, rows, where={"kind": ("verse",)}), split_seed=0)
    with pytest.raises(ConfigError, match="no column 'sort' for where"):
        read_task(task_of(tmp_path, rows, where={"sort": ("verse",)}), split_seed=0)


def test_parts_are_capped_by_class_and_do_not_follow_the_training_seed(tmp_path):
    task = task_of(tmp_path, task_rows(300, seed=0, classes=3), max_test=30, max_valid=9, metric="accuracy")
    one, two = (read_task(task, split_seed=0) for _ in range(2))
    assert one.test.equals(two.test) and one.test.height == 30
    ids, shares = set(one.test["id"].to_list()), read_task(task.model_copy(update={"max_test": 300}), split_seed=0).test
    assert ids < set(shares["id"].to_list())
    for label in range(3):
        assert (one.test["label"] == label).sum() == pytest.approx(30 * (shares["label"] == label).mean(), abs=1)
    assert one.labels.names == ("0", "1", "2")


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"text_column": "words"}, "no column 'words' for text"),
        ({"labels": ("0", "9")}, "no row has the label '9'"),
        ({"splits": {"column": "text"}}, "no row is of the part 'train'"),
        ({"label_column": "text"}, "more than 200 classes"),
    ],
)
def test_impossible_tasks_are_told(tmp_path, settings, told):
    with pytest.raises(ConfigError, match=told):
        read_task(task_of(tmp_path, task_rows(300, seed=0), **settings), split_seed=0)


def test_an_empty_text_is_told_with_its_row(tmp_path):
    rows = [*task_rows(5, seed=0), {"text": " ", "label": "1"}]
    with pytest.raises(DataError, match="row 5 and 0 others have no text"):
        read_task(task_of(tmp_path, rows), split_seed=0)


def test_human_and_ai_are_a_detection_task(tmp_path, data):
    rows = [row | {"label": ("human", "ai")[int(row["label"])]} for row in task_rows(200, seed=0)]
    texts = read_task(task_of(tmp_path, rows), split_seed=0)
    assert texts.labels.names == ("human", "ai")


def test_a_choice_waits_for_the_whole_sweep(tmp_path, data, here):
    file = write_study(tmp_path, data, sizes=[12], seeds=[0])
    compare(file, tmp_path / "out", limit_minutes=0, is_quiet=True)
    plan = Plan(read_study(file), tmp_path / "out")
    assert [choose(plan, group) for group in plan.groups()] == [None, None]


def boom(_):
    raise MissingExtraError("A plot", "plots")


def dies(_):
    os._exit(9)


def holds(n_bytes):
    kept = np.ones(n_bytes, dtype=np.uint8)
    raise ConfigError(f"{peak_rss_bytes()} {kept.sum()}")


def test_errors_and_deaths_of_a_cell_are_told():
    with pytest.raises(MissingExtraError, match=r"pip install 'tain\[plots\]'"):
        run_apart(boom, None, name="cell")
    with pytest.raises(TrainingError, match="cell: its process ended with status 9"):
        run_apart(dies, None, name="cell")


def test_the_peak_of_a_cell_is_its_own():
    ours = np.ones(600 << 20, dtype=np.uint8)
    peaks = []
    for n_bytes in (400 << 20, 1 << 20):
        with pytest.raises(ConfigError) as told:
            run_apart(holds, n_bytes, name="cell")
        peaks.append(int(str(told.value).split()[0]))
    assert ours.all()
    assert peaks[0] - peaks[1] == pytest.approx(399 << 20, rel=0.1)
    assert peak_rss_bytes() - peaks[1] > 300 << 20
