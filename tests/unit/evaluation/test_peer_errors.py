"""Errors found in other people's evaluations, each kept out of ours by a test.

They are named in the comparison of peers: rows without a model read as AI, unattacked rows lost, a threshold walk that
cannot handle quantised or unbounded scores, a test on training texts, and paraphrases counted as human.
"""

import json

import numpy as np
import pytest
from tests.detector_fixtures import N_HUMAN, made_up_texts, make_detector

from tain.cli import DONE, FAILED
from tain.cli.app import run
from tain.core.errors import DataError
from tain.corpora.reading import read_corpus
from tain.evaluation.attacked_rows import attack_name
from tain.evaluation.raid import raid_measures
from tain.evaluation.raid_rows import RaidRow, human_evidence, raid_row
from tain.evaluation.raid_thresholds import domain_threshold
from tain.evaluation.schema import Report

RAID = {"id": "a", "domain": "news", "attack": "none"}


def written(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_a_raid_row_with_a_model_is_human_when_that_model_is_human(tmp_path):
    """`is_ai = model is not None` makes every RAID row AI, since RAID writes "human" there: no FPR is left."""
    assert raid_row(RAID | {"model": "human"}, where="train.csv:2").is_human
    models = ("human", "chatgpt", "human")
    rows = [{"id": str(i), "generation": f"Text number {i}.", "model": name} for i, name in enumerate(models)]
    corpus = read_corpus([written(tmp_path / "train.jsonl", rows)], is_quiet=True)
    assert [example.label for example in corpus] == ["human", "ai", "human"]


@pytest.mark.parametrize("model", [None, ""])
def test_a_raid_row_without_a_model_is_refused_not_guessed(tmp_path, model):
    with pytest.raises(DataError, match=r"train\.csv:2: model: .*RAID writes 'human' where a person wrote the text"):
        raid_row(RAID | {"model": model}, where="train.csv:2")
    rows = [{"id": "0", "generation": "Text.", "model": "human"}, {"id": "1", "generation": "Words.", "model": model}]
    with pytest.raises(DataError, match=r"train\.jsonl:2: model: .*no label column to tell who wrote this"):
        read_corpus([written(tmp_path / "train.jsonl", rows)], is_quiet=True)


def test_unattacked_rows_are_found_however_they_are_written():
    """`attack is not None` selects every row, `attack is None` none: RAID writes the word "none"."""
    written_as = ["none", None, "", float("nan"), "None"]
    rows = [raid_row(RAID | {"model": "human", "attack": value}, where="x") for value in written_as]
    assert {row.attack for row in rows} == {"none"}
    assert attack_name("homoglyph") != "none"
    ai = RaidRow("z", "gpt4", "news")
    found = raid_measures([0.1, 0.2, 0.3, 0.4, 0.5, 0.9], [*rows, ai])
    assert found.thresholds[0.05][0].exact_fpr.n == len(written_as)
    assert found.cells[0].auroc.value == found.cells[0].leaderboard_auroc.value == 1


@pytest.mark.parametrize(
    "scores",
    [
        np.round(np.linspace(0, 1, 1000), 1),
        np.linspace(-900, 900, 1000),
        np.array([-3.0] * 999 + [12.0]),
        np.full(1000, 1.0),
        -np.geomspace(1e-9, 1e9, 1000),
    ],
    ids=["quantised", "wide logits", "two values", "one value", "negative"],
)
@pytest.mark.parametrize("target", [0.05, 0.01])
def test_any_real_scores_have_a_threshold_that_keeps_to_the_target(scores, target):
    """A walk in fixed steps arrives only for scores of the right spread and without ties; an order statistic always."""
    found = domain_threshold(scores, domain="reviews", target_fpr=target)
    assert found.exact_fpr.value <= target
    assert not any((scores > each).mean() <= target for each in scores if each < found.exact)


def test_our_result_stays_where_the_walk_makes_the_leaderboard_null():
    human = [RaidRow(f"h{i}", "human", "reviews") for i in range(100)]
    ai = [RaidRow(f"a{i}", "gpt4", "reviews") for i in range(10)]
    quantised = [0.0] * 90 + [0.5] * 10 + [1.0] * 9 + [0.5]
    found = raid_measures(quantised, human + ai)
    assert found.cells[0].leaderboard_tpr[0.05].value is None
    assert found.cells[0].leaderboard_tpr[0.05].reason.startswith("reviews: ")
    assert (found.cells[0].tpr[0.05].k, found.cells[0].tpr[0.05].n) == (9, 10)


def test_texts_that_made_the_detector_are_left_out_of_a_test_or_refused(tmp_path, capsys):
    """Rates on texts that a detector was made from say how well it remembers."""
    model = make_detector(tmp_path)
    known = [text.upper() for text in made_up_texts(N_HUMAN, seed=1)[:5]]
    new = [*made_up_texts(20, seed=7), *known], made_up_texts(20, seed=8, ai=True)
    rows = [
        {"id": f"{label}{i}", "text": text, "label": label}
        for label, texts in zip(("human", "ai"), new, strict=True)
        for i, text in enumerate(texts)
    ]

    def evaluate(name, content):
        data = written(tmp_path / f"{name}.jsonl", content)
        flags = ["--model", str(model), "--output", str(tmp_path / name), "--draws", "20", "--quiet"]
        return run(["evaluate", "--data", str(data), *flags])

    assert evaluate("some", rows) == DONE
    report = Report.load(tmp_path / "some" / "report.json")
    assert (report.seen.n_seen, report.counts.n) == (5, 40)
    assert report.warnings[0].startswith("5 of 45 texts were used to make this detector")
    assert evaluate("all", rows[20:25]) == FAILED
    assert "All 5 texts were used to make this detector" in capsys.readouterr().err


def test_human_texts_rewritten_by_a_paraphraser_are_no_false_positives():
    rows = [
        *(RaidRow(f"h{i}", "human", "news") for i in range(20)),
        *(RaidRow(f"p{i}", "human", "news", "paraphrase") for i in range(5)),
        RaidRow("a", "gpt4", "news"),
    ]
    scores = [*np.linspace(0, 1, 20).tolist(), *[9.0] * 5, 9.0]
    found = raid_measures(scores, rows)
    assert human_evidence(rows).sum() == 20
    assert "paraphrase" not in found.human_fpr
    assert found.n_paraphrased == 5
    assert raid_measures(scores, rows, with_paraphrased=True).human_fpr["paraphrase"][0.05].value == 1
