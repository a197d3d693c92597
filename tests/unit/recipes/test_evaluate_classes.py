"""A Report of a small classifier with labels of its own."""

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import torch
from tests.detector_fixtures import made_up_texts
from tests.tiny import save_tiny_encoder
from transformers import BertForSequenceClassification

from tain.cli import DONE, MISUSE
from tain.cli.app import run
from tain.core.errors import DetectorError
from tain.core.example import Corpus, Example, LabelSet
from tain.evaluation.schema import ClassReport
from tain.methods import build_method
from tain.models import load_backbone
from tain.recipes.evaluate_classes import evaluate_classes
from tain.training.classifier import Classifier, save_classifier

LABELS = LabelSet(("sport", "world", "science"))


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("made")
    base = save_tiny_encoder(folder / "base")
    # Its head is for two labels; a body alone takes a head for as many as there are.
    BertForSequenceClassification.from_pretrained(base).bert.save_pretrained(base)
    backbone = load_backbone(str(base), LABELS, pooling="native")
    method = build_method({"kind": "head_only"})
    network = method.prepare(backbone, seed=0)
    torch.manual_seed(0)
    with torch.no_grad():
        for parameter in (p for p in network.parameters() if p.requires_grad):
            parameter.copy_(torch.randn(parameter.shape) * 0.5)
    classifier = Classifier(backbone, method, network.eval(), 64)
    save_classifier(classifier, folder / "run" / "model", probe_rows=classifier.token_ids(made_up_texts(2, seed=1)))
    return folder / "run"


@pytest.fixture
def rows(tmp_path) -> Path:
    path = tmp_path / "rows.jsonl"
    names = [LABELS.names[i % 3] for i in range(30)]
    texts = made_up_texts(30, seed=3, low=20, high=90)
    lines = [
        {"id": f"r{i}", "text": text, "label": name} for i, (text, name) in enumerate(zip(texts, names, strict=True))
    ]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def evaluate(model: Path, rows: Path, *more: object) -> int:
    arguments = ["--data", rows, "--model", model, "--output", rows.parent / "report", "--quiet", *more]
    return run(["evaluate", *map(str, arguments)])


def test_a_run_with_other_labels_is_measured_by_them(model, rows, capsys):
    assert evaluate(model, rows) == DONE
    assert "Macro F1" in capsys.readouterr().out
    report = ClassReport.load(rows.parent / "report" / "report.json")
    scores = pl.read_parquet(rows.parent / "report" / "scores.parquet")
    logits = scores.select([f"logit_{name}" for name in LABELS.names]).to_numpy()
    assert scores["called"].to_list() == [LABELS.names[i] for i in logits.argmax(axis=1)]
    assert report.measures.accuracy.value == np.mean(scores["called"].to_numpy() == scores["label"].to_numpy())
    assert [row.name for row in report.measures.classes] == list(LABELS.names)
    assert report.provenance["texts cut"] > 0
    page = (rows.parent / "report" / "report.html").read_text()
    assert "Confusion of labels" in page


def test_flags_that_are_for_detectors_are_refused(model, rows, capsys):
    assert evaluate(model, rows, "--slice", "id") == MISUSE
    assert "--slice is for detectors" in capsys.readouterr().err


def test_labels_of_the_file_can_be_mapped_to_those_of_the_model(model, rows):
    rows.write_text(rows.read_text().replace('"sport"', '"football"'))
    assert evaluate(model, rows, "--label-map", "football=sport") == DONE


def test_a_folder_without_a_classifier_is_refused(tmp_path):
    corpus = Corpus((Example(id="a", text="b", label="sport"),), LABELS)
    with pytest.raises(DetectorError, match="is no classifier of tain"):
        evaluate_classes(tmp_path, corpus)
