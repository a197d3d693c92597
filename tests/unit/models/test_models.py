import json
from pathlib import Path

import pytest
import torch
from tests.tiny import save_tiny_decoder, save_tiny_encoder

from tain.core.errors import ConfigError, DetectorError
from tain.core.example import DETECTION
from tain.models import PRESETS, collate, find_base, load_backbone
from tain.models.pooling import pool

HIDDEN = torch.tensor([[[1.0], [2.0], [4.0], [9.0]], [[9.0], [3.0], [5.0], [7.0]]])
RIGHT_THEN_LEFT = torch.tensor([[1, 1, 1, 0], [0, 1, 1, 1]])


@pytest.mark.parametrize(("pooling", "expected"), [("mean", [7 / 3, 5.0]), ("first", [1.0, 3.0]), ("last", [4.0, 7.0])])
def test_pooling_reads_real_tokens_only_whatever_side_the_padding_is_on(pooling, expected):
    assert pool(HIDDEN, RIGHT_THEN_LEFT, pooling).flatten().tolist() == pytest.approx(expected)


def test_a_batch_is_padded_on_the_right():
    batch = collate([[5], [6, 7, 8]], pad_id=0)
    assert batch["input_ids"].tolist() == [[5, 0, 0], [6, 7, 8]]
    assert batch["attention_mask"].tolist() == [[1, 0, 0], [1, 1, 1]]


def test_the_default_base_is_found_and_its_hash_checked(monkeypatch):
    assert find_base("minilm").endswith("model")
    from tain.models import presets

    wrong = presets.Preset(PRESETS["minilm"].location, "0" * 64)
    monkeypatch.setitem(presets.PRESETS, "minilm", wrong)
    with pytest.raises(DetectorError, match=r"has sha256 53aa5.*expected 0000"):
        find_base("minilm")


def test_a_base_that_is_nothing_is_answered_with_the_presets():
    with pytest.raises(ConfigError, match="no preset, folder or Hub id. Presets: minilm"):
        find_base("no such thing")


def test_a_folder_that_is_no_model_is_refused(tmp_path):
    with pytest.raises(ConfigError, match=r"no config\.json"):
        find_base(str(tmp_path))
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(DetectorError, match="cannot be loaded"):
        load_backbone(str(tmp_path), DETECTION)


class Program:
    """What a pickle runs when it is loaded without care."""

    def __reduce__(self):
        return Path.touch, (Path("it ran"),)


def test_a_program_in_the_place_of_weights_is_not_run(tmp_path, monkeypatch):
    base = save_tiny_encoder(tmp_path / "base")
    (base / "model.safetensors").unlink()
    torch.save({"weight": Program()}, base / "pytorch_model.bin")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DetectorError, match="cannot be loaded"):
        load_backbone(str(base), DETECTION)
    assert not (tmp_path / "it ran").exists()


def test_code_that_comes_with_a_model_is_not_run(tmp_path, monkeypatch):
    base = save_tiny_encoder(tmp_path)
    (base / "code.py").write_text("raise SystemExit('the code of a stranger ran')")
    config = json.loads((base / "config.json").read_text())
    config |= {"model_type": "stranger", "auto_map": {"AutoConfig": "code.C", "AutoModel": "code.M"}}
    (base / "config.json").write_text(json.dumps(config))
    monkeypatch.setattr("builtins.input", lambda *_: pytest.fail("asked whether to run it"))
    with pytest.raises(DetectorError, match="cannot be loaded"):
        load_backbone(str(base), DETECTION)


def test_a_decoder_without_padding_token_gets_one(tmp_path):
    backbone = load_backbone(str(save_tiny_decoder(tmp_path)), DETECTION)
    assert backbone.model.config.pad_token_id == backbone.tokenizer.pad_token_id is not None
    assert backbone.head_name == "score"


def test_the_head_follows_from_its_seed_alone(tmp_path):
    base = str(save_tiny_encoder(tmp_path))
    # The saved head is dropped for one of another size, which is drawn anew.
    from tain.core.example import LabelSet

    labels = LabelSet(("a", "b", "c"))
    torch.manual_seed(123)
    first = load_backbone("minilm", labels, seed=1).model.classifier.weight
    torch.manual_seed(456)
    second = load_backbone("minilm", labels, seed=1).model.classifier.weight
    assert torch.equal(first, second)
    assert load_backbone(base, DETECTION).max_tokens == 64
