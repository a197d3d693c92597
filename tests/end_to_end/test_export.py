"""What is exported answers in stock tools as the detector does."""

import importlib.util
import json

import numpy as np
import pytest
import torch
from tests.detector_fixtures import made_up_texts, make_classifier, make_detector

from tain.cli import DONE, FAILED, MISUSE
from tain.cli.app import run
from tain.detector import Detector

# Plain texts of one window, so that the score is the difference of two logits.
TEXTS = made_up_texts(5, seed=81, low=50, high=52)


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    folder = tmp_path_factory.mktemp("model")
    make_detector(folder)
    Detector.build(folder / "classifier", human=made_up_texts(60, seed=1, high=55), window_tokens=64).save(folder / "d")
    return folder / "d"


@pytest.fixture(scope="module")
def scores(model) -> np.ndarray:
    return np.array([verdict.score for verdict in Detector.load(model).score(TEXTS)])


# Against the tiny network in float64, which is steep, tain is off by 2e-6 and transformers by 1.3e-5 (AVX-512).
STOCK = 5e-5


def export(model, output, kind, *more) -> int:
    return run(["export", "--model", str(model), "--format", kind, "--output", str(output), *more])


def test_a_stock_pipeline_loads_the_merged_folder_as_it_is(model, scores, tmp_path, capsys):
    from transformers import pipeline

    assert export(model, tmp_path / "out", "transformers") == DONE
    assert capsys.readouterr().out.strip() == str(tmp_path / "out")
    classify = pipeline("text-classification", model=str(tmp_path / "out"), top_k=None, function_to_apply="none")
    for text, expected in zip(TEXTS, scores, strict=True):
        logits = {item["label"]: item["score"] for item in classify([text])[0]}
        assert set(logits) == {"human", "ai"}
        assert logits["ai"] - logits["human"] == pytest.approx(expected, abs=STOCK)
    config = json.loads((tmp_path / "out" / "config.json").read_text())
    assert config["id2label"] == {"0": "human", "1": "ai"}
    assert 'library_name: "transformers"' in (tmp_path / "out" / "README.md").read_text()


def test_stock_peft_loads_the_adapter_head_included(model, scores, tmp_path, capsys):
    from peft import PeftModel
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    assert export(model, tmp_path / "out", "adapter", "--json") == DONE
    assert json.loads(capsys.readouterr().out)["gap"] <= 1e-5
    base = AutoModelForSequenceClassification.from_pretrained(str(model.parent / "base"), num_labels=2)
    adapted = PeftModel.from_pretrained(base, str(tmp_path / "out")).eval()
    batch = AutoTokenizer.from_pretrained(str(tmp_path / "out"))(TEXTS, return_tensors="pt", padding=True)
    with torch.inference_mode():
        logits = adapted(**batch).logits.numpy()
    np.testing.assert_allclose(logits[:, 1] - logits[:, 0], scores, atol=STOCK, rtol=0)


def test_a_pooling_that_stock_tools_lack_is_refused(tmp_path, model, capsys):
    classifier = make_classifier(tmp_path / "c", base=str(model.parent / "base"), pooling="mean")
    Detector.build(classifier, human=made_up_texts(60, seed=1)).save(tmp_path / "d")
    for kind in ("transformers", "adapter"):
        assert export(tmp_path / "d", tmp_path / "out", kind) == MISUSE
        assert "pools by mean, which stock transformers and peft would not do" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_method_that_is_no_adapter_is_refused(tmp_path, model, capsys):
    classifier = make_classifier(tmp_path / "c", base=str(model.parent / "base"), method={"kind": "head_only"})
    Detector.build(classifier, human=made_up_texts(60, seed=1)).save(tmp_path / "d")
    assert export(tmp_path / "d", tmp_path / "out", "adapter") == MISUSE
    assert "head_only is no adapter" in capsys.readouterr().err
    assert export(tmp_path / "d", tmp_path / "out", "transformers") == DONE


def test_nothing_is_replaced_without_force(model, tmp_path, capsys):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "precious").write_text("x")
    assert export(model, tmp_path / "out", "adapter") == MISUSE
    assert "exists already" in capsys.readouterr().err
    assert (tmp_path / "out" / "precious").is_file()
    assert export(model, tmp_path / "out", "adapter", "--force") == DONE


def test_onnx_without_its_packages_names_the_extra(model, tmp_path, capsys, monkeypatch):
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *rest: None if name == "onnx" else find(name, *rest))
    assert export(model, tmp_path / "out", "onnx") == FAILED
    assert "pip install 'tain[onnx]'" in capsys.readouterr().err


@pytest.mark.parametrize("pooling", ["native", "mean"])
def test_onnx_answers_as_the_detector_does(model, tmp_path, pooling):
    for name in ("onnx", "onnxscript"):
        pytest.importorskip(name, reason="needs the extra onnx")
    runtime = pytest.importorskip("onnxruntime", reason="needs the extra onnx")
    classifier = make_classifier(tmp_path / "c", base=str(model.parent / "base"), pooling=pooling)
    detector = Detector.build(classifier, human=made_up_texts(60, seed=1, high=55), window_tokens=64)
    detector.save(tmp_path / "d")
    assert export(tmp_path / "d", tmp_path / "out", "onnx") == DONE
    session = runtime.InferenceSession(str(tmp_path / "out" / "model.onnx"), providers=["CPUExecutionProvider"])
    for text in TEXTS:
        ids = np.array([detector.reader.encoder.encode([text])[0].ids])
        (logits,) = session.run(None, {"input_ids": ids, "attention_mask": np.ones_like(ids)})
        assert logits[0, 1] - logits[0, 0] == pytest.approx(detector.check(text).score, abs=1e-4)
