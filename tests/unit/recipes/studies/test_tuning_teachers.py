"""Students of a tuning study: taught by the chosen training of the same task, size and seed, on its own texts alone."""

import json

import numpy as np
import polars as pl
import pytest
from tests.unit.recipes.studies.test_tuning import data, here, write_study

from tain.core.errors import ConfigError, TrainingError
from tain.recipes.studies.compare import compare
from tain.recipes.studies.kinds import read_study
from tain.recipes.studies.tuning import training as tuning_training
from tain.recipes.studies.tuning.cell import TEST, TRAIN, VALID, CellFolder
from tain.recipes.studies.tuning.choice import choose
from tain.recipes.studies.tuning.plan import Plan
from tain.recipes.studies.tuning.teaching import taught_logits, with_teachers
from tain.training.classifier import load_classifier

__all__ = ["data", "here"]

STUDENT = """
[[methods]]
name = "student"
method = { kind = "kd_lora", rank = 2, layers = [1] }
learning_rates = [1e-4, 3e-2]
training = { distil_weight = 0.5 }
teacher = "full"
"""
ALONE = """
[[methods]]
name = "alone"
method = { kind = "kd_lora", rank = 2, layers = [1] }
learning_rates = [1e-4, 3e-2]
"""
FULL = """
[[methods]]
name = "full"
method = { kind = "full" }
learning_rates = [1e-4, 3e-2]
"""


@pytest.fixture
def stores(monkeypatch):
    """The texts of every training, as its engine gets them, by the order of the trainings."""
    seen = []
    real = tuning_training._store

    def kept(job, backbone, part, texts, **settings):
        store = real(job, backbone, part, texts, **settings)
        if part == "train":
            seen.append((job, texts["id"].to_list(), np.array(store.teacher)))
        return store

    monkeypatch.setattr(tuning_training, "_store", kept)
    return seen


def groups_of(file, output):
    plan = Plan(read_study(file), output)
    return plan, {group.contestant: group for group in plan.groups()}


def test_a_truncated_student_learns_from_what_the_chosen_teacher_says_of_the_same_texts(tmp_path, data, here, stores):
    file = write_study(tmp_path, data, methods=STUDENT + ALONE + FULL, sizes=[12], keep_models=True)
    table = compare(file, tmp_path / "out", is_quiet=True).as_json()
    kinds = [name.split("-")[1] for name in here]
    assert kinds == ["full"] * 4 + ["kd_lora"] * 8  # the teacher first, though it is named last
    plan, groups = groups_of(file, tmp_path / "out")
    best = choose(plan, groups["full"])
    taught = [each for each in stores if each[0].teacher_file]
    assert len(taught) == 3  # two rates of the first seed, and the second seed
    for job, ids, logits in taught:
        teacher = plan.cell(groups["full"], rate=best, seed=job.cell.seed)
        folder = plan.folder(teacher)
        assert job.cell.teacher == teacher and job.teacher_file == folder.path / TRAIN
        texts = pl.read_parquet(job.train_file).head(12)
        assert ids == texts["id"].to_list()
        model = load_classifier(folder.path / "model")
        assert np.allclose(model.logits(model.token_ids(texts["text"].to_list())), logits, atol=1e-5)
    assert all(logits.shape == (12, 0) for job, _, logits in stores if not job.teacher_file)
    rows = {row["contestant"]: row for row in table["rows"]}
    assert [rows[name]["teacher"] for name in ("student", "alone", "full")] == ["full", None, None]
    assert rows["student"]["n_trainable"] == rows["alone"]["n_trainable"]
    cells = [plan.folder(plan.cell(groups[name], rate=3e-2, seed=0)) for name in ("student", "alone")]
    assert not np.allclose(*(folder.predictions(VALID).logits for folder in cells))
    assert "Taught: student from full" in (tmp_path / "out" / "table.md").read_text()


def test_another_teacher_is_another_cell_and_the_student_alone_is_not(tmp_path, data, here):
    def names(methods):
        file = write_study(tmp_path, data, methods=methods, sizes=[12], seeds=[0])
        compare(file, tmp_path / "out", is_quiet=True)
        plan, groups = groups_of(file, tmp_path / "out")
        return [plan.cell(groups[name], rate=1e-4, seed=0).name for name in ("student", "alone")]

    first = names(STUDENT + ALONE + FULL)
    other = names(STUDENT + ALONE + FULL.replace("[1e-4, 3e-2]", "[2e-4, 2e-2]"))
    assert first[0] != other[0] and first[1] == other[1]
    here.clear()
    assert names(STUDENT + ALONE + FULL) == first and here == []


def test_a_teacher_that_was_tested_before_it_had_students_is_trained_again(tmp_path, data, here):
    compare(write_study(tmp_path, data, methods=FULL, sizes=[12], seeds=[0]), tmp_path / "out", is_quiet=True)
    plan, groups = groups_of(tmp_path / "study.toml", tmp_path / "out")
    folder = plan.folder(plan.cell(groups["full"], rate=choose(plan, groups["full"]), seed=0))
    tested = folder.predictions(TEST)
    assert not (folder.path / TRAIN).exists() and not folder.has_model
    here.clear()
    file = write_study(tmp_path, data, methods=FULL + STUDENT, sizes=[12], seeds=[0])
    compare(file, tmp_path / "out", only=["student"], is_quiet=True)
    assert [name.split("-")[1] for name in here] == ["full"] + ["kd_lora"] * 3
    assert (folder.path / TRAIN).exists() and not folder.has_model
    assert np.array_equal(folder.predictions(TEST).logits, tested.logits)


def test_who_learns_from_a_teacher_that_diverged_is_left_out(tmp_path, data, here, monkeypatch):
    from tain.training.engine import Engine

    real = Engine.train

    def diverges(self):
        if self.method.kind == "full" and (self.config.lr > 1e-3 or self.seed == 1):
            self.state.progress.n_rollbacks = self.config.max_rollbacks
            raise TrainingError("The loss rose to nan at step 3.")
        return real(self)

    monkeypatch.setattr(Engine, "train", diverges)
    file = write_study(tmp_path, data, methods=STUDENT + FULL, sizes=[12])
    table = compare(file, tmp_path / "out", is_quiet=True).as_json()
    assert table["n_left"] == 0
    assert [(row["contestant"], row["accuracy"]["n"], row["n_diverged"]) for row in table["rows"]] == [
        ("student", 1, 1),
        ("full", 1, 1),
    ]
    never = FULL.replace("[1e-4, 3e-2]", "[2e-3, 3e-2]")
    table = compare(
        write_study(tmp_path, data, methods=STUDENT + never, sizes=[12]), tmp_path / "out", is_quiet=True
    ).as_json()
    assert (table["n_left"], [row["n_diverged"] for row in table["rows"]]) == (0, [2, 0])


def test_a_study_counts_what_a_student_has_to_wait_for(tmp_path, data, here):
    file = write_study(tmp_path, data, methods=STUDENT + FULL, sizes=[12])
    begun = compare(file, tmp_path / "out", limit_minutes=0, is_quiet=True)
    assert (here[0].split("-")[1], begun.n_left) == ("full", 2 * (2 + 2) - 1)


@pytest.mark.parametrize(
    ("methods", "told"),
    [
        (STUDENT.replace('teacher = "full"', ""), "training.distil_weight is 0.5, but nobody teaches it"),
        (STUDENT.replace("training = { distil_weight = 0.5 }", "") + FULL, "so nothing is learned from it"),
        (STUDENT.replace('"full"', '"fill"') + FULL, r"teacher is 'fill'; expected one of \['full'\]"),
        (STUDENT.replace('"full"', '"student"'), "student from student: each learns from the next"),
        (
            STUDENT + FULL + 'teacher = "student"\ntraining = { distil_weight = 0.5 }',
            "student from full from student: each learns from the next",
        ),
        (STUDENT + 'teacher_base = "roberta-base"' + FULL, "teacher_base is 'roberta-base'; expected one of"),
        (STUDENT + FULL + "vary = { train_embeddings = [true, false] }", "expected one of"),
    ],
)
def test_a_teacher_that_cannot_be_is_refused(tmp_path, data, methods, told):
    with pytest.raises(ConfigError, match=told):
        read_study(write_study(tmp_path, data, methods=methods))


def test_a_teacher_may_have_another_backbone_and_be_taught_itself(tmp_path, data):
    from tests.tiny import save_tiny

    save_tiny("roberta", tmp_path / "other")
    bases = [str(data / "base"), str(tmp_path / "other")]
    chain = (
        STUDENT
        + f"teacher_base = {json.dumps(bases[1])}"
        + STUDENT.replace("full", "student").replace('name = "student"', 'name = "grandchild"')
    )
    file = write_study(tmp_path, data, methods=chain + FULL, bases=bases, sizes=[12])
    plan = Plan(read_study(file), tmp_path / "out")
    last = [group for group in plan.groups() if group.contestant == "grandchild" and group.base == bases[0]]
    order = [(group.contestant, group.base) for group in with_teachers(plan, last)]
    assert order == [("full", bases[1]), ("student", bases[0]), ("grandchild", bases[0])]


def test_logits_are_found_by_text_and_not_by_place(tmp_path):
    texts = pl.DataFrame({"id": ["a", "b", "c"], "label": [0, 1, 0], "group": ["a", "b", "c"]})
    CellFolder(tmp_path).keep_predictions(TRAIN, texts, np.array([[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]]))
    assert taught_logits(tmp_path / TRAIN, ["c", "a"]) == [[4.0, 5.0], [0.0, 1.0]]
    with pytest.raises(TrainingError, match="holds nothing about 1 of 2 training texts, such as 'z'"):
        taught_logits(tmp_path / TRAIN, ["a", "z"])
