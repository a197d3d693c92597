"""A submission against its gold file."""

import json

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, f1_score, roc_auc_score

from tain.cli import DONE, FAILED
from tain.cli.app import run
from tain.core.errors import DataError
from tain.evaluation.bootstrap import Bootstrap
from tain.recipes.submission_grade import grade_submission

FEW = Bootstrap(20)


def jsonl(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def drawn(n=60, n_classes=2):
    rng = np.random.default_rng(4)
    truth = rng.integers(n_classes, size=n)
    return truth, np.where(rng.random(n) < 0.7, truth, rng.integers(n_classes, size=n))


def test_pan_is_graded_by_id_whatever_the_order_and_a_missing_answer_is_one_half(tmp_path):
    truth, said = drawn()
    gold = jsonl(
        tmp_path / "gold.jsonl",
        [{"id": f"t{i}", "text": "x", "model": "m", "label": int(y)} for i, y in enumerate(truth)],
    )
    answers = np.clip(said * 0.6 + 0.01 * np.arange(60) % 0.3, 0, 1)
    rows = [{"id": f"t{i}", "label": float(p)} for i, p in enumerate(answers)][::-1]
    found = grade_submission("pan", jsonl(tmp_path / "answers.jsonl", rows[:-1]), gold=str(gold), bootstrap=FEW)
    answers[0] = 0.5
    assert (found.n_texts, found.n_unanswered) == (60, 1)
    assert found.measures.auroc.value == pytest.approx(roc_auc_score(truth, answers))
    assert found.measures.brier.value == pytest.approx(1 - np.mean((answers - truth) ** 2))
    assert found.measures.fpr.k == ((answers > 0.5) & (truth == 0)).sum()


@pytest.mark.parametrize(("kind", "n_classes"), [("semeval-a", 2), ("semeval-b", 6)])
def test_semeval_is_graded_as_its_scorer_does(kind, n_classes, tmp_path):
    truth, said = drawn(n_classes=n_classes)
    gold = jsonl(tmp_path / "gold.jsonl", [{"id": i, "text": "x", "label": int(y)} for i, y in enumerate(truth)])
    file = jsonl(tmp_path / "mine.jsonl", [{"id": i, "label": int(y)} for i, y in enumerate(said)][::-1])
    found = grade_submission(kind, file, gold=str(gold), bootstrap=FEW).measures
    assert found.accuracy.value == accuracy_score(truth, said)
    assert found.macro_f1.value == pytest.approx(f1_score(truth, said, average="macro"))


def test_a_submission_may_not_choose_its_test(tmp_path):
    gold = jsonl(tmp_path / "gold.jsonl", [{"id": i, "label": i % 2} for i in range(4)])
    part = jsonl(tmp_path / "part.jsonl", [{"id": i, "label": i % 2} for i in range(3)])
    with pytest.raises(DataError, match="1 of 4 ids of the input have no row: 3"):
        grade_submission("semeval-a", part, gold=str(gold), bootstrap=FEW)
    more = jsonl(tmp_path / "more.jsonl", [{"id": str(i), "label": 0.2} for i in range(5)])
    with pytest.raises(DataError, match="1 of 5 answers are to texts that the gold file does not have"):
        grade_submission("pan", more, gold=str(gold), bootstrap=FEW)


def raid(tmp_path):
    models = ("human", "gpt4")
    rows = [{"id": f"r{i}", "model": models[i % 2], "domain": "news", "attack": "none"} for i in range(80)]
    predictions = [{"id": f"r{i}", "score": float(i % 2) + i / 1000} for i in range(80)]
    (tmp_path / "predictions.json").write_text(json.dumps(predictions))
    return jsonl(tmp_path / "train.jsonl", rows), tmp_path / "predictions.json"


def test_raid_is_graded_from_its_labelled_table(tmp_path):
    gold, file = raid(tmp_path)
    found = grade_submission("raid", file, gold=str(gold)).measures
    assert found.cells[0].auroc.value == 1
    assert (found.cells[0].tpr[0.05].k, found.cells[0].tpr[0.05].n) == (40, 40)
    few = jsonl(tmp_path / "few.jsonl", [json.loads(line) for line in gold.read_text().splitlines()[:79]])
    with pytest.raises(DataError, match=r"1 of 80 rows are about texts that .*few\.jsonl does not have, such as r79"):
        grade_submission("raid", file, gold=str(few))
    bare = jsonl(tmp_path / "bare.jsonl", [{"id": "r0", "label": 1}])
    with pytest.raises(DataError, match="has no columns model and domain"):
        grade_submission("raid", file, gold=str(bare))


def test_the_command_prints_a_table_or_json(tmp_path, capsys):
    gold, file = raid(tmp_path)
    assert run(["submission", "grade", "raid", str(file), "--gold", str(gold)]) == DONE
    output = capsys.readouterr()
    assert "At 5% false positives in each domain" in output.out
    assert output.err == "80 texts, 0 of them without an answer.\n"
    classes = jsonl(tmp_path / "a.jsonl", [{"id": i, "label": i % 2} for i in range(8)])
    assert run(["submission", "grade", "semeval-a", str(classes), "--gold", str(classes), "--json"]) == DONE
    assert json.loads(capsys.readouterr().out)["measures"]["accuracy"]["value"] == 1
    assert run(["submission", "grade", "pan", str(classes), "--gold", str(classes), "--draws", "20"]) == DONE
    assert "ROC-AUC" in capsys.readouterr().out
    assert run(["submission", "grade", "pan", str(gold), "--gold", str(classes)]) == FAILED
