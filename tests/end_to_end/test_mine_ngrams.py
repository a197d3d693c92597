"""`tain mine` with rounds that leave the network as it is: what changes, what does not, and that a kill is no loss."""

import json
import os
import signal
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from tests.mining_fixtures import command, mined_in_a_child, words, write_rows

from tain.cli import DONE, MISUSE, PARTIAL
from tain.cli.app import run
from tain.detector import Detector
from tain.detector.engines import Engines
from tain.mining.pool_scores import PoolScores
from tain.recipes.mine.example_file import load_examples
from tain.recipes.mine.scoring import DetectorScorer

NGRAMS = ("--set", "mining.learns=ngrams", "--set", "corpus.ngram_share=3")


@pytest.fixture(scope="module")
def whole(mining_files, tmp_path_factory) -> Path:
    output = tmp_path_factory.mktemp("whole") / "mined"
    assert in_a_child(mining_files, output) == 0
    return output


def in_a_child(mining_files, output: Path, *, kill_at: str | None = None, after: bool = False) -> int | None:
    """The exit status of a mining in a process of its own, killed when it puts something in its place."""

    first = partial(die_at, output / kill_at, after=after) if kill_at else None
    return mined_in_a_child(mining_files, output, *NGRAMS, first=first)


def die_at(place: Path, *, after: bool) -> None:
    replace = os.replace

    def watched(source, target):
        if Path(target) == place and not after:
            os.kill(os.getpid(), signal.SIGKILL)
        replace(source, target)
        if Path(target) == place:
            os.kill(os.getpid(), signal.SIGKILL)

    os.replace = watched


def weights(output: Path) -> dict[str, bytes]:
    """Every weight of every round, and what the kept detector answers by."""
    kinds = ("adapter_model.safetensors", "ngrams.safetensors", "calibration.safetensors")
    found = (file for kind in kinds for file in output.glob(f"**/detector/{kind}"))
    return {str(file.relative_to(output)): file.read_bytes() for file in found}


def test_the_network_stays_and_the_ngrams_learn(whole):
    found = weights(whole)
    networks = {value for name, value in found.items() if name.endswith("adapter_model.safetensors")}
    assert len(networks) == 1
    mined = sum(len(load_examples(file)) for file in whole.glob("round-1/added/added.parquet"))
    assert mined > 0
    assert found["round-0/detector/ngrams.safetensors"] != found["round-1/detector/ngrams.safetensors"]
    assert not list(whole.glob("round-[1-9]/run"))


def test_the_ngrams_are_those_of_a_training_with_the_same_texts(mining_files, whole, tmp_path, monkeypatch):
    monkeypatch.setenv("TAIN_CACHE", str(tmp_path / "cache"))
    config = json.loads((whole / "round-0" / "run" / "config.json").read_text())
    corpus = config["corpus"]
    words = [
        "train",
        "--train",
        *corpus["train"],
        "--valid",
        *corpus["valid"],
        "--base",
        str(mining_files["base"]),
        "--quiet",
    ]
    given = {"cut_high": 55, "n_views": 1, "ngram_share": 3, "max_per_domain": None, "on_bad": "stop"}
    given["ngram_train"] = [str(whole / "round-1" / "added" / "added.parquet")]
    for name, value in given.items():
        words += ["--set", f"corpus.{name}={json.dumps(value)}"] if value is not None else []
    words += ["--set", "training.n_epochs=0.2", "--set", "training.threads=1", "--output", str(tmp_path / "run")]
    assert run(words) == DONE
    expected = (tmp_path / "run" / "model" / "ngrams.safetensors").read_bytes()
    assert (whole / "round-1" / "model" / "ngrams.safetensors").read_bytes() == expected


def test_the_detector_knows_the_mined_texts_again(whole):
    seen, before = (Detector.load(whole / f"round-{n}").seen.training for n in (1, 0))
    n_added = len(load_examples(whole / "round-1" / "added" / "added.parquet"))
    assert set(before) <= set(seen)
    assert len(seen) == len(before) + n_added


def test_what_it_kept_are_the_scores_of_the_detector(whole, tmp_path):
    texts = [example.text for example in load_examples(whole / "texts" / "control.parquet")][:40]
    detector = Detector.load(whole / "round-1")
    scores = DetectorScorer(detector, PoolScores(tmp_path / "scores.sqlite"))(texts)
    own = [reading.score for reading in detector.reader.read(texts)]
    np.testing.assert_allclose(scores, own, atol=1e-5)


def test_a_window_that_the_same_network_has_read_is_not_read_again(whole, tmp_path, monkeypatch):
    texts = [example.text for example in load_examples(whole / "texts" / "control.parquet")][:40]
    store, n_read, scores = PoolScores(tmp_path / "scores.sqlite"), [], Engines.scores
    monkeypatch.setattr(
        Engines, "scores", lambda self, rows, **more: n_read.append(len(rows)) or scores(self, rows, **more)
    )
    first, second = (DetectorScorer(Detector.load(whole / f"round-{n}"), store) for n in (0, 1))
    assert first.sha256 != second.sha256
    assert first.network_sha256 == second.network_sha256
    assert not np.allclose(first(texts), second(texts))
    assert (n_read[0] >= len(texts), n_read[1:]) == (True, [0])


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork to kill a mining without paying for imports")
@pytest.mark.parametrize(
    ("place", "after"), [("round-1/model", False), ("round-1/model", True), ("round-1/random/detector", False)]
)
def test_killed_in_a_round_it_ends_in_the_same_detector(mining_files, whole, tmp_path, place, after):
    output = tmp_path / "mined"
    assert in_a_child(mining_files, output, kill_at=place, after=after) == -signal.SIGKILL
    assert (output / place).exists() == after
    assert not (output / "round-1" / "random" / "detector").exists()
    assert in_a_child(mining_files, output) == 0
    assert weights(output) == weights(whole)


def test_without_ngrams_to_fit_it_is_refused_before_anything_is_made(mining_files, tmp_path, capsys):
    assert run(command(mining_files, tmp_path / "mined", "--set", "mining.learns=ngrams")) == MISUSE
    assert "corpus.ngram_share is 0" in capsys.readouterr().err
    assert not (tmp_path / "mined").exists()


def test_a_start_without_ngrams_or_with_another_share_is_refused_by_its_name(
    mining_files, whole, tmp_path, monkeypatch, capsys
):
    monkeypatch.setenv("TAIN_CACHE", str(tmp_path / "cache"))
    assert run(command(mining_files, tmp_path / "plain", "--rounds", "0")) == DONE
    assert run(command(mining_files, tmp_path / "mined", "--model", str(tmp_path / "plain"), *NGRAMS)) == MISUSE
    assert f"the model to start from, {tmp_path / 'plain'}, has none" in capsys.readouterr().err
    other = ("--model", str(whole), *NGRAMS, "--set", "corpus.ngram_share=1")
    assert run(command(mining_files, tmp_path / "mined", *other)) == MISUSE
    assert "corpus.ngram_share is 1, and 3 in the model" in capsys.readouterr().err
    assert not (tmp_path / "mined").exists()


def test_texts_for_ngrams_alone_teach_without_their_bad_rows(mining_files, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("TAIN_CACHE", str(tmp_path / "cache"))
    texts = [*words(5, seed=50, tilt=1), "a NUL \0"]
    file = write_rows(
        tmp_path / "own.jsonl", [{"id": f"n{i}", "text": t, "label": "human"} for i, t in enumerate(texts)]
    )
    named = ("--set", f"corpus.ngram_train={json.dumps([str(file)])}", "--rounds", "0", "--on-bad", "set_aside")
    assert run(command(mining_files, tmp_path / "mined", *NGRAMS, *named)) == PARTIAL
    assert "1 in" in capsys.readouterr().err
    manifest = json.loads((tmp_path / "mined" / "round-0" / "run" / "manifest.json").read_text())
    assert manifest["counts"]["ngram_train: human"] == 5
