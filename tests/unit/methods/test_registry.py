import pytest
from tests.tiny import save_tiny_encoder

from tain.core.errors import ConfigError, DetectorError, MethodError
from tain.core.example import DETECTION
from tain.methods import build_method
from tain.models import load_backbone


def test_an_unknown_method_is_named_with_the_nearest_one():
    with pytest.raises(ConfigError, match=r"method.kind is 'loar'.*Did you mean lora\?"):
        build_method({"kind": "loar"})


def test_all_wrong_settings_are_named_at_once():
    with pytest.raises(ConfigError) as caught:
        build_method({"kind": "lora", "rnk": 4, "alpha": -1})
    assert "method.rnk is not a setting of lora" in str(caught.value)
    assert "Did you mean rank?" in str(caught.value)
    assert "method.alpha is -1" in str(caught.value)


def test_targets_that_match_nothing_are_answered_with_what_there_is(tmp_path):
    backbone = load_backbone(str(save_tiny_encoder(tmp_path)), DETECTION)
    with pytest.raises(MethodError, match=r"'q_proj', which matches no linear layer.*'query'"):
        build_method({"kind": "lora", "targets": "q_proj"}).prepare(backbone, seed=0)


def test_rslora_equals_lora_with_alpha_times_root_rank(tmp_path):
    import torch
    from tests.contract.test_methods import answer, train_a_little

    base = str(save_tiny_encoder(tmp_path))
    answers = []
    for settings in ({"rslora": True, "alpha": 8.0}, {"alpha": 16.0}):  # sqrt(4) = 2
        backbone = load_backbone(base, DETECTION)
        method = build_method({"kind": "lora", "rank": 4, **settings})
        model = method.prepare(backbone, seed=0)
        train_a_little(method, model, backbone)
        answers.append(answer(model, backbone))
    assert torch.allclose(*answers, atol=1e-6)


def test_weights_of_another_base_are_refused(tmp_path):
    backbone = load_backbone(str(save_tiny_encoder(tmp_path)), DETECTION)
    from safetensors.torch import save_file

    save_file(
        {"classifier.weight": backbone.model.classifier.weight.detach()[:, :3].contiguous()},
        tmp_path / "head.safetensors",
    )
    with pytest.raises(
        DetectorError, match=r"classifier.bias is missing; classifier.weight has shape \(2, 3\), expected \(2, 16\)"
    ):
        build_method({"kind": "head_only"}).load(backbone, tmp_path)
