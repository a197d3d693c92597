import json

import numpy as np
import pytest
import torch
from peft import AutoPeftModelForSequenceClassification
from safetensors.torch import load_file
from tests.suite_fixtures import HELD, KINDS, suite_values, toml, write_suite

from tain.cli.app import run
from tain.core.errors import ConfigError, DataError, DetectorError
from tain.recipes.suite.adapt import adapt, as_classifier
from tain.recipes.suite.baselines import nearest_task, trained_shared
from tain.recipes.suite.configuration import read_suite, suite_of
from tain.recipes.suite.folder import load_writer
from tain.recipes.suite.measuring import written
from tain.recipes.suite.study import Cell, Study, plan, read_cells
from tain.recipes.suite.subject import load_subject
from tain.recipes.suite.texts import read_texts
from tain.recipes.suite.train import train_suite
from tain.training.classifier import load_classifier

QUESTION = "w2 w2 w9"


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("suite")


@pytest.fixture(scope="module")
def trained(place):
    return train_suite(write_suite(place), place / "run", is_quiet=True)


@pytest.fixture(scope="module")
def subject(place):
    return load_subject(suite_of(suite_values(place), where="here"))


def test_training_measures_every_task_and_says_which_were_held_out(trained):
    tasks = trained.outcome["tasks"]
    assert {name for name, task in tasks.items() if task["held_out"]} == {HELD}
    assert set(tasks) == set(KINDS)
    assert 0 <= trained.outcome["held_out_tasks"]["accuracy"] <= 1
    assert tasks["news"]["n_descriptions"] == 1
    assert tasks[HELD]["n_descriptions"] == 3


def test_a_written_adapter_is_what_the_network_writes(trained, tmp_path):
    made = adapt(QUESTION, trained.folder, tmp_path / "adapter")
    writer = load_writer(trained.folder)
    tensors = load_file(made.folder / "adapter_model.safetensors")
    from tain.recipes.mine.embedding import BackboneEmbedder
    from tain.recipes.suite.subject import embed

    factors = written(writer.hypernetwork, embed(BackboneEmbedder(writer.suite.encoder), [QUESTION])[0])
    for name, (a, b) in factors.items():
        torch.testing.assert_close(tensors[f"base_model.model.{name}.lora_A.weight"], a[0], rtol=1e-4, atol=1e-5)
        torch.testing.assert_close(tensors[f"base_model.model.{name}.lora_B.weight"], b[0], rtol=1e-4, atol=1e-5)
    assert made.n_parameters == sum(v.numel() for k, v in tensors.items() if "lora_" in k)


def test_the_adapter_answers_alike_in_the_network_in_peft_and_in_a_classifier(place, tmp_path):
    values = suite_values(place, pooling="native")
    (tmp_path / "native.toml").write_text(toml(values))
    trained = train_suite(tmp_path / "native.toml", tmp_path / "run", is_quiet=True)
    made = adapt(QUESTION, tmp_path / "run", tmp_path / "adapter")
    ours = load_classifier(made.folder)
    rows = ours.token_ids(["w1 w11 w12", "w2 w2 w3"])
    stock = AutoPeftModelForSequenceClassification.from_pretrained(made.folder, num_labels=2).eval()
    with torch.no_grad():
        theirs = [stock(input_ids=torch.tensor([row])).logits[0].numpy() for row in rows]
    np.testing.assert_allclose(ours.logits(rows), np.stack(theirs), atol=1e-5)
    writer = load_writer(trained.folder)
    from tain.recipes.mine.embedding import BackboneEmbedder
    from tain.recipes.suite.subject import embed

    factors = written(writer.hypernetwork, embed(BackboneEmbedder(writer.suite.encoder), [QUESTION])[0])
    np.testing.assert_allclose(as_classifier(writer, factors).logits(rows), ours.logits(rows), atol=1e-5)
    assert ours.labels.names == ("no", "yes")


@pytest.mark.parametrize("family", ["llama", "deberta-v3"])
def test_a_decoder_and_a_network_whose_texts_share_positions_are_adapted_too(family, tmp_path):
    file = tmp_path / "suite.toml"
    file.write_text(toml(suite_values(tmp_path, family=family, pooling="native")))
    trained = train_suite(file, tmp_path / "run", is_quiet=True)
    made = adapt(QUESTION, trained.folder, tmp_path / "adapter")
    assert load_classifier(made.folder).labels.names == ("no", "yes")


def test_any_description_is_written_for_and_none_is_special(trained, tmp_path):
    for index, text in enumerate(("w30 w31 w32", "qqq", HELD)):
        assert load_classifier(adapt(text, trained.folder, tmp_path / str(index)).folder)


def test_texts_of_held_out_tasks_teach_nothing(place):
    suite = suite_of(suite_values(place), where="here")
    texts = read_texts(suite)
    learnt = {text for each in texts if not each.task.held_out for text in each.train.texts}
    assert not any(KINDS[HELD] in text.split() for text in learnt)
    tested = {text for each in texts for text in each.test.texts}
    assert not learnt & tested
    for each in texts:
        assert sum(each.train.targets) * 2 == len(each.train.targets)


def test_held_out_tasks_and_wordings_are_not_in_training(subject):
    assert HELD not in {task.name for task in subject.train}
    for task in subject.train:
        assert torch.equal(task.descriptions, subject.descriptions[task.name][:2])


def test_the_head_gives_margins_of_mean_zero_and_spread_one(subject):
    rows = [row for task in subject.train for row in task.rows]
    margins = subject.network(subject.suite.supervised).margins(rows)
    assert abs(margins.mean()) < 0.3
    assert 0.7 < margins.std() < 1.4


def test_a_suite_that_was_stopped_is_resumed_to_the_same_network(place, trained, tmp_path, monkeypatch):
    import tain.recipes.suite.train as module

    def stop(*args, **kwargs):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(module, "measure_written", stop)
        with pytest.raises(KeyboardInterrupt):
            train_suite(place / "suite.toml", tmp_path / "run", is_quiet=True)
    assert not (tmp_path / "run" / "model").exists()
    again = train_suite(place / "suite.toml", tmp_path / "run", is_resumed=True, is_quiet=True)
    name = "hypernetwork.safetensors"
    assert (again.folder / name).read_bytes() == (trained.folder / name).read_bytes()


def test_another_suite_is_not_resumed_and_nothing_is_overwritten(place, trained, tmp_path):
    other = tmp_path / "other.toml"
    other.write_text(toml(suite_values(place, seed=5)))
    with pytest.raises(ConfigError, match="training of another suite"):
        train_suite(other, place / "run", is_resumed=True)
    with pytest.raises(ConfigError, match="exists already"):
        train_suite(other, place / "run")


def test_reconstruction_learns_from_trained_adapters(place, tmp_path):
    file = tmp_path / "suite.toml"
    file.write_text(toml(suite_values(place, learn_from="adapters")))
    trained = train_suite(file, tmp_path / "run", is_quiet=True)
    assert (tmp_path / "run" / "oracles.safetensors").is_file()
    assert trained.outcome["loss"] < 1.5
    assert adapt(QUESTION, trained.folder, tmp_path / "adapter").folder.is_dir()


def test_the_nearest_task_of_a_known_description_is_its_own(subject):
    for index, task in enumerate(subject.train):
        assert nearest_task(subject, task.descriptions[1]) == index


def test_a_shared_adapter_is_one_for_all_tasks(subject):
    factors, losses = trained_shared(subject, subject.network(subject.suite.supervised), seed=0)
    assert {len(a) for a, _ in factors.values()} == {1}
    assert len(losses) == subject.suite.supervised.n_steps


def test_a_study_measures_every_arm_and_runs_no_cell_twice(place, tmp_path):
    suite = suite_of(suite_values(place), where="here")
    cells = plan((0, 1), ("L", "S"))
    assert len(set(cells)) == len(cells)
    told = []
    study = Study(suite, tmp_path, tell=told.append)
    study.run([*cells[:7], Cell("reconstruction", 0, "S")])
    found = {(cell["arm"], cell["form"]): cell for cell in read_cells(tmp_path)}
    assert {arm for arm, _ in found} == {"oracle", "base", "mean", "nearest", "supervised", "shared", "reconstruction"}
    assert {row["task"] for row in found["oracle", None]["rows"]} == set(KINDS)
    asked = found["supervised", "L"]["rows"]
    assert sum(row.get("is_random", False) for row in asked) == 1
    study.run(cells[:7])
    assert len(told) == 8


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"no_such": 1}, "no_such: Extra inputs"),
        ({"hypernetwork": {"form": "XL"}}, "hypernetwork.form"),
        ({"n_held_descriptions": 3}, "none left to train on"),
    ],
)
def test_settings_that_are_none_are_refused(place, change, message):
    with pytest.raises(ConfigError, match=message):
        suite_of(suite_values(place, **change), where="here")


def test_a_column_or_label_that_is_not_there_is_named(place):
    values = suite_values(place)
    values["tasks"][0]["text_column"] = "body"
    with pytest.raises(ConfigError, match="no column 'body'"):
        read_texts(suite_of(values, where="here"))
    values = suite_values(place)
    values["tasks"][0]["yes"] = ["weather"]
    with pytest.raises(ConfigError, match="has the label 'weather'"):
        read_texts(suite_of(values, where="here"))


def test_a_task_with_too_few_texts_is_refused(place, tmp_path):
    file = tmp_path / "few.jsonl"
    file.write_text("".join(json.dumps({"text": f"w{i}", "label": str(i % 2)}) + "\n" for i in range(2)))
    values = suite_values(place)
    values["tasks"][0] |= {"file": str(file), "yes": ["1"]}
    with pytest.raises(DataError, match="has no text for the answer"):
        read_texts(suite_of(values, where="here"))


def test_texts_longer_than_the_base_reads_are_refused(place):
    values = suite_values(place, texts={"max_tokens": 5000})
    with pytest.raises(ConfigError, match="reads 64 tokens at once"):
        load_subject(suite_of(values, where="here"))


@pytest.mark.parametrize("text", ["", "  \n", "w1 " * 1000])
def test_an_empty_or_endless_description_is_refused(trained, tmp_path, text):
    with pytest.raises(ConfigError, match="expected 1 to 2,000"):
        adapt(text, trained.folder, tmp_path / "adapter")
    assert not (tmp_path / "adapter").exists()


def test_a_description_that_is_no_text_is_refused(trained, tmp_path):
    with pytest.raises(ConfigError, match="no UTF-8"):
        adapt("w1 \udcff", trained.folder, tmp_path / "adapter")


def test_a_folder_that_is_none_or_was_changed_is_refused(trained, tmp_path):
    import shutil

    with pytest.raises(DetectorError, match="no network that writes adapters"):
        adapt(QUESTION, tmp_path, tmp_path / "adapter")
    shutil.copytree(trained.folder, tmp_path / "copy")
    with (tmp_path / "copy" / "hypernetwork.safetensors").open("ab") as file:
        file.write(b"0")
    with pytest.raises(DetectorError, match="not what was saved"):
        adapt(QUESTION, tmp_path / "copy", tmp_path / "adapter")
    shutil.copytree(trained.folder, tmp_path / "odd")
    settings = json.loads((tmp_path / "odd" / "hypernetwork.json").read_text())
    (tmp_path / "odd" / "hypernetwork.json").write_text(json.dumps({**settings, "d_task": 7}))
    with pytest.raises(DetectorError, match="do not fit"):
        adapt(QUESTION, tmp_path / "odd", tmp_path / "adapter")
    (tmp_path / "odd" / "hypernetwork.json").write_text("[]")
    with pytest.raises(DetectorError, match="has format None"):
        adapt(QUESTION, tmp_path / "odd", tmp_path / "adapter")


def test_the_commands_train_and_write(place, tmp_path, capsys):
    assert run(["suite", str(write_suite(place)), "--output", str(tmp_path / "run"), "--json", "--quiet"]) == 0
    outcome = json.loads(capsys.readouterr().out)
    assert outcome["held_out_tasks"]
    assert run(["adapt", QUESTION, "--from", str(tmp_path / "run"), "--output", str(tmp_path / "a"), "--json"]) == 0
    made = json.loads(capsys.readouterr().out)
    assert made["nearest"] in KINDS
    assert -1 <= made["similarity"] <= 1.001
    assert run(["adapt", QUESTION, "--from", str(tmp_path / "run"), "--output", str(tmp_path / "a")]) == 2
    assert "exists already" in capsys.readouterr().err
    assert run(["suite", str(tmp_path / "none.toml"), "--output", str(tmp_path / "b")]) == 2
    assert "no such file" in capsys.readouterr().err


def test_a_written_adapter_is_measured_like_any_classifier(trained, tmp_path):
    made = adapt(QUESTION, trained.folder, tmp_path / "adapter")
    file = tmp_path / "labelled.jsonl"
    rows = [{"id": str(i), "text": f"w{i} w{i + 1} w3", "label": ("no", "yes")[i % 2]} for i in range(20)]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    asked = [
        "evaluate",
        "--model",
        str(made.folder),
        "--data",
        str(file),
        "--output",
        str(tmp_path / "report"),
        "--quiet",
    ]
    assert run(asked) == 0
    report = json.loads((tmp_path / "report" / "report.json").read_text())
    assert "yes" in json.dumps(report)


def test_the_suite_of_the_study_holds_out_tasks_and_has_enough_wordings():
    from pathlib import Path

    suite = read_suite(Path(__file__).parents[4] / "scripts" / "studies" / "text_to_lora" / "suite.toml")
    assert len(suite.tasks) >= 20
    assert sum(task.held_out for task in suite.tasks) >= 4
    assert all(len(task.descriptions) >= 8 for task in suite.tasks)
