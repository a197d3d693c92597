import json
import math

import numpy as np
import pytest
from tests.detector_fixtures import made_up_texts, make_classifier
from tests.tiny import save_tiny_decoder, save_tiny_encoder

from tain.detector.light_bert import gelu, load_light_bert
from tain.training.classifier import load_classifier


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return save_tiny_encoder(tmp_path_factory.mktemp("base"))


def light_and_full(folder, base):
    value = json.loads((folder / "classifier.json").read_text())
    return load_light_bert(folder, value, base), load_classifier(folder)


@pytest.mark.parametrize("pooling", ["native", "mean", "first", "last"])
def test_numpy_and_torch_give_the_same_logits(tmp_path, base, pooling):
    light, full = light_and_full(make_classifier(tmp_path / "c", base=str(base), pooling=pooling), base)
    rows = [row[:63] for row in full.token_ids(made_up_texts(8, seed=4, low=3, high=60))]
    assert light is not None
    np.testing.assert_allclose(light.logits(rows), full.logits(rows), atol=1e-5, rtol=0)


@pytest.mark.parametrize(
    "method",
    [
        {"kind": "lora", "rank": 4, "rslora": True},
        {"kind": "lora", "rank": 4, "embeddings": True},
        {"kind": "head_only"},
    ],
)
def test_other_methods_it_knows_agree_too(tmp_path, base, method):
    light, full = light_and_full(make_classifier(tmp_path / "c", base=str(base), method=method), base)
    rows = full.token_ids(made_up_texts(4, seed=4, low=3, high=50))
    np.testing.assert_allclose(light.logits(rows), full.logits(rows), atol=1e-5, rtol=0)


def test_the_default_base_agrees(tmp_path):
    from pathlib import Path

    from tain.models import find_base

    folder = make_classifier(tmp_path / "c", base="minilm", pooling="mean")
    light, full = light_and_full(folder, Path(find_base("minilm")))
    rows = full.token_ids(["The tain is the metal backing that makes a sheet of glass a mirror.", "Yes."])
    np.testing.assert_allclose(light.logits(rows), full.logits(rows), atol=1e-5, rtol=0)


def test_what_it_does_not_know_it_declines(tmp_path, base):
    dora = make_classifier(tmp_path / "c", base=str(base), method={"kind": "lora", "rank": 4, "dora": True})
    full = make_classifier(tmp_path / "f", base=str(base), method={"kind": "full"})
    decoder = save_tiny_decoder(tmp_path / "d")
    for folder, own_base in ((dora, base), (full, base), (dora, decoder)):
        value = json.loads((folder / "classifier.json").read_text())
        assert load_light_bert(folder, value, own_base) is None


def test_gelu_is_exact_to_float32():
    x = np.linspace(-8, 8, 2001, dtype=np.float32)
    exact = np.array([0.5 * v * (1 + math.erf(v / math.sqrt(2))) for v in x.tolist()])
    np.testing.assert_allclose(gelu(x), exact, atol=2e-6)
