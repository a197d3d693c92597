"""Spectra of whole classifiers, adapters and checkpoints, from the command line."""

import json

import numpy as np
import polars as pl
import pytest
import torch
from safetensors.torch import load_file, save_file
from tests.detector_fixtures import make_classifier
from tests.tiny import save_tiny, save_tiny_decoder, save_tiny_encoder

from tain.analysis.spectra.change import change_of
from tain.cli import DONE, FAILED, MISUSE
from tain.cli.app import run
from tain.core.example import DETECTION
from tain.models import load_backbone
from tain.recipes.spectra.settings import SpectraSettings
from tain.recipes.spectra.sources import load_pair
from tain.recipes.spectra.spectra import spectra_of
from tain.recipes.spectra.weights import role_of

N_LINEARS = 13  # six in each of two layers, and the pooler


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return save_tiny_encoder(tmp_path_factory.mktemp("base"))


def made(base, folder, **method):
    return str(make_classifier(folder, base=str(base), method=method))


def by_name(found):
    return {row.name: row for row in found.rows}


@pytest.mark.parametrize(
    "method",
    [
        {"kind": "lora", "rank": 3, "embeddings": True},
        {"kind": "lora", "rank": 2, "rslora": True},
        {"kind": "lora_fa", "rank": 3},
        {"kind": "adalora", "rank": 2, "initial_rank": 3},
        {"kind": "kd_lora", "rank": 2, "layers": [1]},
    ],
    ids=lambda method: "-".join(map(str, method.values())),
)
def test_the_factors_of_an_adapter_give_the_spectrum_of_the_merged_difference(base, tmp_path, method):
    pair = load_pair(made(base, tmp_path / "c", **method))
    thin, dense = (spectra_of(p, SpectraSettings(), is_quiet=True) for p in (pair, type(pair)(pair.tuned, pair.base)))
    rows, plain = by_name(thin), by_name(dense)
    assert rows.keys() == plain.keys() and any(row.has_factors for row in rows.values())
    for name, row in rows.items():
        assert row.has_factors == (row.role != "head")
        if row.role == "head":
            assert row.change.base is None
            continue
        own, other = row.change.difference.values, plain[name].change.difference.values
        assert len(own) <= 3 and row.change.difference.effective_rank() <= 3
        np.testing.assert_allclose(own, other[: len(own)], atol=1e-6)
        np.testing.assert_allclose(other[len(own) :], 0, atol=1e-6)


@pytest.mark.parametrize("kind", ["full", "grad_norm_lorp", "dora"])
def test_a_change_without_factors_is_taken_from_the_weights(base, tmp_path, kind):
    method = {"kind": "lora", "rank": 2, "dora": True} if kind == "dora" else {"kind": kind}
    found = spectra_of(load_pair(made(base, tmp_path / "c", **method)), SpectraSettings(), is_quiet=True)
    layers = [row for row in found.rows if row.role == "layer"]
    assert len(layers) == N_LINEARS and not any(row.has_factors for row in layers)
    assert any(row.change.difference.effective_rank() > 2 for row in layers)


def test_the_command_shows_and_writes_every_changed_matrix(base, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "140")
    folder = made(base, tmp_path / "c", kind="lora", rank=3)
    assert run(["spectra", folder, "--output", str(tmp_path / "out"), "--json", "--quiet", "--share", "0.8"]) == DONE
    told = json.loads(capsys.readouterr().out)
    table = pl.read_parquet(tmp_path / "out" / "spectra.parquet")
    assert told == json.loads((tmp_path / "out" / "spectra.json").read_text())
    assert told["n_changed"] == len(table) == N_LINEARS + 1 and told["settings"]["share"] == 0.8
    assert told["n_unchanged"] == 3 and told["n_vectors_left_out"] > N_LINEARS  # three tables of embeddings
    assert table["name"].to_list() == [row["name"] for row in told["matrices"]]
    layers = table.filter(pl.col("role") == "layer")
    assert layers["difference_values"].list.len().to_list() == [3] * N_LINEARS
    assert (layers["base_values"].list.len() == pl.Series([16] * N_LINEARS)).all()
    assert layers["relative_frobenius"].is_between(0, 10, closed="none").all()
    assert table.filter(pl.col("role") == "head")["n_intruders"].to_list() == [None]
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names == {"spectra.parquet", "spectra.json", "values.svg", "values.png", "ranks.svg", "ranks.png"}
    first = (tmp_path / "out" / "values.svg").read_bytes()
    assert run(["spectra", folder, "--output", str(tmp_path / "out"), "--quiet"]) == MISUSE
    assert run(["spectra", folder, "--output", str(tmp_path / "again"), "--quiet", "--share", "0.8"]) == DONE
    assert (tmp_path / "again" / "values.svg").read_bytes() == first
    shown = capsys.readouterr().out
    assert "query" in shown and "(head)" in shown and "Intruders:" in shown


def test_two_checkpoints_are_compared_where_only_a_prefix_differs(base, tmp_path, capsys):
    weights = load_file(base / "model.safetensors")
    changed = "bert.encoder.layer.1.output.dense.weight"
    other = {name.removeprefix("bert."): value.clone() for name, value in weights.items()}
    noise = 0.01 * torch.randn(weights[changed].shape, generator=torch.Generator().manual_seed(0))
    other[changed.removeprefix("bert.")] += noise
    save_file(other, tmp_path / "other.safetensors")
    assert run(["spectra", str(tmp_path / "other.safetensors"), "--base", str(base), "--json", "--quiet"]) == DONE
    told = json.loads(capsys.readouterr().out)
    row = told["matrices"][0]
    assert told["n_changed"] == 1 and row["name"] == changed.removeprefix("bert.")
    plain = change_of(weights[changed].numpy(), other[row["name"]].numpy())
    assert row["difference_frobenius"] == pytest.approx(plain.difference.frobenius)
    assert row["n_intruders"] == plain.n_intruders() and told["missing"] == []


def test_two_classifiers_of_one_base_are_compared_with_their_heads(base, tmp_path):
    pair = load_pair(made(base, tmp_path / "a", kind="lora", rank=2), made(base, tmp_path / "b", kind="lora", rank=3))
    rows = by_name(spectra_of(pair, SpectraSettings(), is_quiet=True))
    assert pair.factors == {} and not any(row.has_factors for row in rows.values())
    assert len(rows) == N_LINEARS + ("classifier.weight" in rows)
    assert rows["bert.pooler.dense.weight"].change.base is not None


def test_an_adapter_that_peft_saved_is_put_on_the_base_it_names(tmp_path):
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    base = save_tiny_decoder(tmp_path / "base")
    model = get_peft_model(
        AutoModelForCausalLM.from_pretrained(base), LoraConfig(r=2, target_modules=["q_proj"], task_type="CAUSAL_LM")
    )
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "lora_B" in name:
                parameter.normal_(std=0.1)
    model.save_pretrained(tmp_path / "adapter")
    found = spectra_of(load_pair(str(tmp_path / "adapter")), SpectraSettings(), is_quiet=True)
    assert [row.name.rsplit(".", 2)[1] for row in found.rows] == ["q_proj", "q_proj"]
    assert all(row.has_factors and row.change.difference.effective_rank() <= 2 for row in found.rows)


def test_what_cannot_be_compared_is_refused_with_what_to_do(base, tmp_path, capsys):
    assert run(["spectra", str(base)]) == MISUSE
    assert "Give --base" in capsys.readouterr().err
    assert run(["spectra", str(base), "--base", str(base), "--share", "1.5"]) == MISUSE
    assert "share is 1.5" in capsys.readouterr().err
    decoder = save_tiny_decoder(tmp_path / "decoder")
    assert run(["spectra", str(decoder), "--base", str(base)]) == MISUSE
    assert "no weight matrix of the same name" in capsys.readouterr().err
    assert run(["spectra", made(base, tmp_path / "p", kind="prompt_tuning", n_tokens=1)]) == FAILED
    assert "changes no weight matrix" in capsys.readouterr().err


def test_a_network_equal_to_its_base_has_nothing_to_show(base, capsys):
    assert run(["spectra", str(base), "--base", str(base), "--json"]) == DONE
    assert json.loads(capsys.readouterr().out)["matrices"] == []
    assert run(["spectra", str(base), "--base", str(base)]) == DONE


def test_heads_and_embeddings_are_told_from_layers(base):
    names = [name for name, _ in load_backbone(str(base), DETECTION).model.named_parameters()]
    assert [name for name in names if role_of(name) == "head"] == ["classifier.weight", "classifier.bias"]
    assert all(("embeddings" in name) == (role_of(name) == "embedding") for name in names)
    for name in ("model.embed_tokens.weight", "transformer.wte.weight", "shared.weight"):
        assert role_of(name) == "embedding"
    assert role_of("lm_head.weight") == role_of("score.weight") == "head"


@pytest.mark.parametrize("kind", ["lora", "full"])
def test_matrices_that_are_published_the_other_way_round_are_compared_the_same_way(tmp_path, kind):
    base = save_tiny("gpt2", tmp_path / "base")
    tuned = made(base, tmp_path / "c", kind=kind)
    own, named = (
        by_name(spectra_of(load_pair(tuned), SpectraSettings(), is_quiet=True)),
        by_name(spectra_of(load_pair(tuned, str(base)), SpectraSettings(), is_quiet=True)),
    )
    for name in ("attn.c_attn.weight", "attn.c_proj.weight", "mlp.c_fc.weight"):
        [one], [other] = ([row for key, row in rows.items() if key.endswith(f"h.0.{name}")] for rows in (own, named))
        np.testing.assert_allclose(one.change.difference.values, other.change.difference.values, atol=1e-5)
        assert one.has_factors == (kind == "lora")
