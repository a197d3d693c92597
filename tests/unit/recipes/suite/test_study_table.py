import pytest

from tain.recipes.suite.study_table import gap, is_held, is_random, lines, markdown


def cell(arm, form=None, seed=0, **rows):
    """A cell with one row for each held-out task and accuracy."""
    found = [
        {"task": task, "held_out": True, "description": n, "accuracy": value, "auroc": value}
        for task, values in rows.items()
        for n, value in enumerate(values)
    ]
    network = {"n_parameters": 1000, "n_steps": 5, "loss": 0.25} if form else {}
    return {"arm": arm, "form": form, "seed": seed, "rows": found, **network}


CELLS = [
    cell("shared", a=[0.5], b=[0.6]),
    cell("supervised", "L", a=[0.6, 0.8], b=[0.7, 0.7]),
    cell("supervised", "L", seed=1, a=[1.0], b=[1.0]),
    cell("oracle", a=[0.9], b=[0.9]),
]


def test_a_line_is_the_mean_over_descriptions_then_tasks_then_seeds():
    found = {line.title: line for line in lines(CELLS, is_held)}
    line = found["Text-to-LoRA L, supervised"]
    assert line.accuracy.mean == pytest.approx((0.7 + 1.0) / 2)
    assert line.accuracy.n == 2
    assert found["one LoRA for all trained tasks"].accuracy.sd is None
    assert list(found)[-1] == "LoRA trained on the task itself"


def test_arms_of_several_seeds_are_compared_on_the_seeds_they_share():
    found = gap(CELLS, ("supervised", "L"), ("shared", None), "accuracy")
    assert found.mean == pytest.approx(((0.7 - 0.5) + (0.7 - 0.6)) / 2)
    assert found.low < found.mean < found.high
    assert found.n_tasks == 2


def test_what_was_not_run_has_no_number():
    assert gap(CELLS, ("supervised", "S"), ("shared", None), "accuracy") is None
    assert lines(CELLS, is_random) == []
    assert "Not run yet." in markdown([])


def test_the_page_has_every_arm_and_task():
    page = markdown(CELLS)
    assert "| Text-to-LoRA L, supervised against one LoRA for all trained tasks | +15.0" in page
    assert "| | a | b |" in page
    assert "| Text-to-LoRA L, supervised | 1,000 | 0.250" in page
