"""Cells of a tuning study: what they are known by, what they count, and what is not comparable between them."""

import json
import shutil

import pytest
from tests.unit.recipes.studies.test_tuning import METHODS, data, here, write_study

from tain.recipes.studies.compare import compare
from tain.recipes.studies.kinds import read_study
from tain.recipes.studies.tuning.cell import COST
from tain.recipes.studies.tuning.identity import base_identity
from tain.recipes.studies.tuning.plan import Plan

__all__ = ["data", "here"]

FEW_BITS = """
[[methods]]
name = "LQ"
method = { kind = "lq_lora", rank = 2, bits = 3.5, block = 16, group = 16, n_layouts = 4 }
learning_rates = [1e-3, 3e-2]
[[methods]]
name = "NF4"
method = { kind = "lq_lora", rank = 2, bits = 4, init = "zero", block = 16, group = 16 }
learning_rates = [1e-3, 3e-2]
"""


def cell_names(file, output):
    plan = Plan(read_study(file), output)
    return {group.contestant: plan.cell(group, rate=1e-4, seed=0).name for group in plan.groups()}


def test_a_default_that_is_written_out_is_the_same_cell_and_another_value_is_not(tmp_path, data):
    def name(method):
        methods = METHODS.replace('{ kind = "lora", rank = 2 }', method)
        return cell_names(write_study(tmp_path, data, methods=methods, sizes=[12]), tmp_path / "out")["LoRA"]

    plain = name('{ kind = "lora", rank = 2 }')
    assert name('{ rank = 2, dropout = 0.0, alpha = 32, targets = "all-linear" }') == plain
    assert name('{ kind = "lora", rank = 2, alpha = 16 }') != plain


def test_a_base_is_known_by_its_weights_wherever_it_lies(tmp_path, data):
    shutil.copytree(data / "base", tmp_path / "moved")
    (tmp_path / "moved" / "README.md").write_text("Notes are no part of it.")
    files = [write_study(tmp_path / base.name, data, bases=[str(base)]) for base in (data / "base", tmp_path / "moved")]
    names = [cell_names(file, tmp_path / "out") for file in files]
    assert names[0] == names[1]
    file = tmp_path / "moved" / "tokenizer.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"version": "2.0"}))
    base_identity.cache_clear()
    assert cell_names(files[1], tmp_path / "out") != names[0]


def test_a_preset_is_known_by_its_name_on_the_hub():
    assert base_identity("roberta-base") == base_identity("FacebookAI/roberta-base") == "FacebookAI/roberta-base"
    assert base_identity("") == ""


def test_few_bits_are_counted_as_they_are_stored_and_shown(tmp_path, data, here):
    file = write_study(tmp_path, data, methods=METHODS + FEW_BITS, sizes=[12], seeds=[0])
    table = compare(file, tmp_path / "out", is_quiet=True)
    rows = {row["contestant"]: row for row in table.as_json()["rows"]}
    n = 2 * (4 * 16 * 16 + 2 * 16 * 32) + 16 * 16  # two layers' matrices and the pooler's
    whole = 4 * rows["LoRA"]["n_parameters"]
    adapters = {name: 4 * (rows[name]["n_trainable"] - rows["head only"]["n_trainable"]) for name in rows}
    assert rows["head only"]["weight_bytes"] == whole and rows["head only"]["bits_per_weight"] is None
    assert rows["LoRA"]["weight_bytes"] == whole + adapters["LoRA"]
    for name in ("LQ", "NF4"):
        bits = rows[name]["bits_per_weight"]
        assert rows[name]["weight_bytes"] == whole + adapters[name] - 4 * n + round(bits * n / 8)
    assert 3.2 < rows["LQ"]["bits_per_weight"] <= 3.5 < rows["NF4"]["bits_per_weight"] < 5
    assert 0 < rows["LQ"]["weight_error"] < 1 and rows["LoRA"]["weight_error"] is None
    costs = [json.loads(cost.read_text()) for cost in (tmp_path / "out").glob("cells/*lq_lora*/cost.json")]
    assert all(cost["bits_per_weight"] and cost["weight_bytes"] and cost["weight_error"] for cost in costs)
    assert "bits/weight" in table.markdown() and "bits/weight" in (tmp_path / "out" / "table.tex").read_text()


def test_no_peak_is_shown_of_a_training_that_was_resumed(tmp_path, data, here):
    file, output = write_study(tmp_path, data, sizes=[12], seeds=[0]), tmp_path / "out"
    assert all(row["peak_rss_bytes"] for row in compare(file, output, is_quiet=True).as_json()["rows"])
    for cost in output.glob(f"cells/*/{COST}"):
        cost.write_text(json.dumps(json.loads(cost.read_text()) | {"is_resumed": True}))
    again = compare(file, output, is_quiet=True)
    assert [row["peak_rss_bytes"] for row in again.as_json()["rows"]] == [None, None]
    assert all(row["base_rss_bytes"] and row["activation_bytes"] for row in again.as_json()["rows"])


def test_unequal_passes_and_evaluations_are_marked_in_the_table(tmp_path, data, here):
    methods = METHODS.replace("rank = 2 }", "rank = 2 }\ntraining = { n_epochs = 3.0, n_evaluations = 2 }")
    methods += METHODS.replace("LoRA", "LoRA 4").replace("rank = 2", "rank = 4").split('[[methods]]\nname = "head')[0]
    table = compare(
        write_study(tmp_path, data, methods=methods, sizes=[12], seeds=[0]), tmp_path / "out", is_quiet=True
    )
    budgets = [(row["n_epochs"], row["n_evaluations"]) for row in table.as_json()["rows"]]
    assert budgets == [(3, 2), (2, 1), (2, 1)]
    assert "| LoRA † |" in table.markdown() and "| head only |" in table.markdown()
    assert "LoRA on two at 12 texts (3 passes, 2 evaluations)" in table.markdown()


def test_each_seeds_difference_is_there(tmp_path, data, here):
    table = compare(write_study(tmp_path, data, sizes=[12]), tmp_path / "out", is_quiet=True).as_json()
    lora, head = table["rows"]
    for test in table["tests"]:
        name = test["gap"]["measure"]
        gaps = {s: lora["by_seed"][s][name] - head["by_seed"][s][name] for s in (0, 1)}
        assert test["by_seed"] == pytest.approx(gaps)
