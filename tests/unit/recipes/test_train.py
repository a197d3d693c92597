"""When a Run goes on, when it is refused, and what it says of itself."""

import json
from pathlib import Path

import pytest
import torch
from tests.detector_fixtures import made_up_texts
from tests.tiny import save_tiny_encoder

from tain.cli import DONE, MISUSE, PARTIAL
from tain.cli.app import run
from tain.core import progress
from tain.detector.seen import read_seen
from tain.evaluation.overlap import text_hashes
from tain.recipes import tokenised

SETTINGS = (
    "training.n_epochs=1",
    "training.threads=1",
    "training.n_evaluations=1",
    "method.rank=2",
    "corpus.n_views=1",
    "corpus.valid_share=0.4",
)


@pytest.fixture(scope="module")
def base(tmp_path_factory) -> Path:
    return save_tiny_encoder(tmp_path_factory.mktemp("base"))


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("TAIN_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def texts(tmp_path) -> Path:
    path = tmp_path / "texts.jsonl"
    labels = ("human", "ai")
    path.write_text(
        "".join(
            json.dumps({"name": f"r{i}", "text": text, "label": labels[i % 2], "pair": f"p{i}", "kind": "news"}) + "\n"
            for i, text in enumerate(made_up_texts(40, seed=1, low=50, high=60))
        )
    )
    return path


def command(base: Path, texts: Path, *more: str) -> list[str]:
    settings = [word for setting in SETTINGS for word in ("--set", setting)]
    output = str(texts.parent / "run")
    return ["train", "--train", str(texts), "--base", str(base), "--output", output, "--quiet", *settings, *more]


def stamps(folder: Path) -> dict[Path, tuple[int, int]]:
    return {file: (file.stat().st_mtime_ns, file.stat().st_ino) for file in folder.rglob("*")}


def test_a_finished_run_is_said_to_be_complete_and_left_as_it_is(base, texts, capsys):
    assert run(command(base, texts, "--json")) == DONE
    manifest = json.loads(capsys.readouterr().out)
    before = stamps(texts.parent / "run")
    assert run(command(base, texts, "--json", "--resume")) == DONE
    output = capsys.readouterr()
    assert output.err == f"{texts.parent / 'run'} is complete.\n"
    assert json.loads(output.out) == manifest
    assert stamps(texts.parent / "run") == before


def test_a_run_knows_the_texts_it_was_trained_on(base, texts):
    assert run(command(base, texts)) == DONE
    seen = read_seen(texts.parent / "run" / "model").training
    assert seen.tolist() == text_hashes(made_up_texts(40, seed=1, low=50, high=60)).tolist()


@pytest.mark.parametrize("is_complete", [True, False])
def test_a_run_does_not_go_on_with_other_texts(base, texts, capsys, is_complete):
    assert run(command(base, texts)) == DONE
    if not is_complete:
        (texts.parent / "run" / "manifest.json").unlink()
    before = stamps(texts.parent / "run")
    with texts.open("a") as file:
        file.write(json.dumps({"text": made_up_texts(1, seed=2)[0], "label": "ai"}) + "\n")
    capsys.readouterr()
    assert run(command(base, texts, "--resume")) == MISUSE
    assert f"was trained on other data: {texts} changed since it began. Resume with" in capsys.readouterr().err
    assert stamps(texts.parent / "run") == before


def test_bad_rows_stop_or_are_set_aside_in_the_run(base, texts, capsys, tmp_path, monkeypatch):
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    with texts.open("a") as file:
        file.write('{"text": null, "label": "ai"}\n')
    assert run(command(base, texts)) == 1
    assert "--on-bad set_aside with tain train" in capsys.readouterr().err
    for more in ((), ("--resume",)):
        assert run(command(base, texts, "--on-bad", "set_aside", *more)) == PARTIAL
        aside = tmp_path / "run" / "set_aside-train.jsonl"
        assert f"Bad rows set aside: 1 in {aside}\n" in capsys.readouterr().err
    assert json.loads(aside.read_text())["line"] == 41
    assert list(Path.cwd().iterdir()) == []


def test_columns_can_be_named(base, texts, capsys):
    named = ("--id-column", "name", "--group-column", "pair", "--domain-column", "kind")
    assert run(command(base, texts, *named)) == DONE
    config = json.loads((texts.parent / "run" / "config.json").read_text())["corpus"]
    assert (config["id_column"], config["group_column"], config["domain_column"]) == ("name", "pair", "kind")
    capsys.readouterr()
    assert run(command(base, texts, "--force", "--domain-column", "kin")) == 1
    assert "Did you mean kind? Name it with --domain-column" in capsys.readouterr().err


def test_quiet_draws_no_bar_at_all(base, texts, capsys, monkeypatch):
    monkeypatch.setattr(progress.sys.stderr, "isatty", lambda: True)
    assert run(command(base, texts)) == DONE
    said = capsys.readouterr().err
    assert "Checking" not in said and "\x1b" not in said


def test_a_run_begun_before_a_setting_was_there_goes_on(base, texts, capsys):
    assert run(command(base, texts)) == DONE
    file = texts.parent / "run" / "config.json"
    kept = json.loads(file.read_text())
    del kept["training"]["attention"], kept["corpus"]["ngram_train"]
    file.write_text(json.dumps(kept))
    assert run(command(base, texts, "--resume")) == DONE and "is complete" in capsys.readouterr().err
    assert run(command(base, texts, "--resume", "--set", "training.lr=0.5")) == MISUSE
    assert "was made with other settings: training" in capsys.readouterr().err


def test_force_keeps_the_old_run_where_the_new_one_cannot_begin(base, texts, capsys, monkeypatch):
    monkeypatch.setattr("tain.training.preconditions.pick_device", lambda: torch.device("cpu"))
    assert run(command(base, texts)) == DONE
    before = stamps(texts.parent / "run")
    assert run(command(base, texts, "--force", "--set", "training.attention=varlen")) == MISUSE
    assert "needs CUDA" in capsys.readouterr().err and stamps(texts.parent / "run") == before


def test_a_store_made_with_other_kinds_of_ngrams_is_not_used_again(base, texts, monkeypatch):
    kinds = []
    monkeypatch.setattr("tain.recipes.tokenised.build_store", _counted(kinds, tokenised.build_store))
    for blocks in (["char", "word"], ["char", "word"], ["char", "word", "skeleton"]):
        monkeypatch.setattr("tain.recipes.tokenised.NGRAM_BLOCKS", dict.fromkeys(blocks))
        assert run(command(base, texts, "--force", "--set", "corpus.ngram_share=3.0")) == DONE
        assert run(command(base, texts, "--force")) == DONE
    # With n-grams twice two parts, and without once.
    assert len(kinds) == 6


def _counted(calls, function):
    def counted(*arguments, **settings):
        calls.append(arguments)
        return function(*arguments, **settings)

    return counted
