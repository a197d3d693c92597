"""Training texts are scored from the command line: against validation texts, and against one text's verdict."""

import json

import numpy as np
import polars as pl
import pytest
from tests.detector_fixtures import made_up_texts, make_classifier, make_detector

from tain.cli import DONE, FAILED, MISUSE
from tain.cli.app import run
from tain.detector import Detector
from tain.methods.method import trainable
from tain.recipes.explain.subject import load_subject
from tain.recipes.explain.texts import labelled_texts
from tain.training.classifier import load_classifier

N_FLIPPED = 8


def examples(n, *, seed, low=20, high=60):
    rows = [
        (f"{label}{i}", text, label)
        for label in ("human", "ai")
        for i, text in enumerate(made_up_texts(n, seed=seed + (label == "ai"), ai=label == "ai", low=low, high=high))
    ]
    return [{"id": name, "text": text, "label": label} for name, text, label in rows]  # fmt: skip


def write(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return str(path)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A detector, a finished Run with checkpoints, and texts of which some training labels are wrong."""
    folder = tmp_path_factory.mktemp("made")
    make_detector(folder)
    train = examples(40, seed=3, low=50)
    for row in train[:N_FLIPPED]:
        row["id"], row["label"] = f"wrong-{row['id']}", "ai"
    write(folder / "train.jsonl", train)
    write(folder / "valid.jsonl", [{**row, "id": f"v{row['id']}"} for row in examples(30, seed=11)])
    (folder / "one.txt").write_text(made_up_texts(1, seed=77, ai=True)[0])
    settings = ("training.n_epochs=6", "training.threads=1", "training.keep_checkpoints=3", "training.n_evaluations=3",
                "training.batch_tokens=512", "method.rank=2", "corpus.n_views=1", "corpus.valid_share=0.3",
                "training.lr=0.02", "corpus.cut_high=60")  # fmt: skip
    words = [word for setting in settings for word in ("--set", setting)]
    train_flags = ["--train", str(folder / "train.jsonl"), "--base", str(folder / "base")]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TAIN_CACHE", str(folder / "cache"))
        assert run(["train", *train_flags, "--output", str(folder / "run"), "--quiet", *words]) == DONE
    return folder


def explain(made, model, *more):
    return run(["explain", str(made / model), "--train", str(made / "train.jsonl"), "--quiet", *more])


def on_valid(made, model, *more):
    return explain(made, model, "--valid", str(made / "valid.jsonl"), *more)


def table(folder):
    return pl.read_parquet(folder / "influence.parquet")


def test_every_estimator_scores_every_text_of_a_run(made, tmp_path, capsys):
    kept = str(tmp_path / "gradients")
    for name in ("datainf", "hessian_free", "scaled_hessian_free", "lissa", "exact", "tracin", "representation"):
        flags = ("--estimator", name, "--gradients", kept, "--output", str(tmp_path / name), "--json")
        assert on_valid(made, "run", *flags) == DONE
        told = json.loads(capsys.readouterr().out)
        assert told["estimator"] == name and told["n_train"] == 80 and told["n_valid"] == 60
        assert told["way"] == (None if name == "representation" else "layers")
        found = table(tmp_path / name)
        assert len(found) == 80 and found["influence"].is_sorted(descending=True)
        assert [text["id"] for text in told["texts"]] == found["id"][:10].to_list()
    folders = [path for path in (tmp_path / "gradients").iterdir()]
    # Those of the trained model are taken once for five estimators; TracIn has those of its three checkpoints.
    assert len(folders) in (3, 4)


def test_the_scores_are_those_of_the_formula_on_plain_gradients(made, tmp_path):
    assert on_valid(made, "classifier", "--estimator", "hessian_free", "--output", str(tmp_path / "o")) == DONE
    subject = load_subject(made / "classifier")
    model = subject.classifier.model
    names = subject.trained_names([], [])
    for name, parameter in model.named_parameters():
        parameter.requires_grad_(name in names)

    def mean_and_rows(file):
        from tain.corpora.reading import read_corpus

        texts, rows = labelled_texts(corpus := read_corpus([made / file]), subject), []
        for place in range(len(texts)):
            model.zero_grad()
            inputs, targets = texts.batch(np.array([place]), subject)
            loss = subject.classifier.method.loss(model(**inputs).logits, targets, targets.new_ones(1).float())
            loss.backward()
            rows.append(np.concatenate([p.grad.flatten().numpy() for p in trainable(model).values()]))
        return [example.id for example in corpus], np.array(rows)

    (ids, rows), (_, valid) = mean_and_rows("train.jsonl"), mean_and_rows("valid.jsonl")
    expected = dict(zip(ids, -rows @ valid.mean(0), strict=True))
    found = table(tmp_path / "o")
    wanted = [expected[name] for name in found["id"]]
    np.testing.assert_allclose(found["influence"], wanted, rtol=1e-3, atol=1e-4 * np.abs(wanted).max())


def test_wrong_labels_come_out_high(made, tmp_path):
    assert on_valid(made, "run", "--output", str(tmp_path / "o")) == DONE
    found = table(tmp_path / "o").filter(pl.col("label") == "ai")
    is_wrong = found["id"].str.starts_with("wrong-").to_numpy()
    influence = found["influence"].to_numpy()
    assert np.mean(influence[is_wrong][:, None] > influence[~is_wrong][None]) > 0.6


def test_a_projection_keeps_most_of_the_ranking_and_takes_less_room(made, tmp_path, capsys):
    told = {}
    for name, flags in {"whole": (), "narrow": ("--project", "24", "--seed", "5")}.items():
        flags = (*flags, "--estimator", "hessian_free", "--output", str(tmp_path / name), "--json")
        assert on_valid(made, "run", *flags) == DONE
        told[name] = json.loads(capsys.readouterr().out)
    assert told["narrow"]["gradient_bytes"] < told["whole"]["gradient_bytes"]
    assert told["narrow"]["n_parameters"] == told["whole"]["n_parameters"]
    one, other = (table(tmp_path / name).sort("id")["influence"].to_numpy() for name in told)
    assert np.corrcoef(one, other)[0, 1] > 0.6


@pytest.mark.parametrize("model", ["detector", "classifier"])
def test_a_single_text_is_explained_by_what_made_the_model_say_so(made, tmp_path, capsys, model):
    flags = ("--text", str(made / "one.txt"), "--output", str(tmp_path / "o"), "--rows", "jsonl")
    assert explain(made, model, *flags) == DONE
    shown = capsys.readouterr().out
    assert "These made it say so" in shown and "These speak against it" in shown and "log-odds of" in shown
    found = pl.read_ndjson(tmp_path / "o" / "influence.jsonl")
    assert found["influence"].is_sorted() and found["influence"][0] < 0
    said = json.loads((tmp_path / "o" / "explain.json").read_text())["said"]
    if model == "detector":
        verdict = Detector.load(made / "detector").check((made / "one.txt").read_text())
        assert said["label"] == verdict.label and f"threshold {verdict.threshold:.3f}" in shown
        assert said["log_odds"] == pytest.approx(verdict.score if verdict.label == "ai" else -verdict.score, abs=1e-4)


def test_training_on_what_made_it_say_so_makes_it_say_so_more(made, tmp_path):
    flags = ("--text", str(made / "one.txt"), "--estimator", "hessian_free", "--output", str(tmp_path / "o"))
    assert explain(made, "classifier", *flags) == DONE
    found = pl.read_parquet(tmp_path / "o" / "influence.parquet")
    subject = load_subject(made / "classifier")
    text = (made / "one.txt").read_text()

    def log_odds(row):
        """Of what is said now, after a small step on the loss of one training text."""
        classifier = load_classifier(made / "classifier")
        names = set(subject.trained_names([], []))
        free = [p.requires_grad_(True) for name, p in classifier.model.named_parameters() if name in names]
        import torch

        from tain.models import collate, logits_of

        ids = subject.token_rows([row["text"]])
        target = torch.tensor([subject.labels.index(row["label"])])
        loss = torch.nn.functional.cross_entropy(logits_of(classifier.model, collate(ids, pad_id=0)), target)
        for parameter, slope in zip(free, torch.autograd.grad(loss, free), strict=True):
            parameter.data -= 1e-4 * slope
        logits = classifier.logits(subject.token_rows([text]))[0]
        label = int(subject.classifier.logits(subject.token_rows([text]))[0].argmax())
        return float(logits[label] - logits[1 - label])

    rows = found.to_dicts()
    plain = subject.classifier.logits(subject.token_rows([text]))[0]
    before = float(np.abs(plain[0] - plain[1]))
    assert log_odds(rows[0]) > before > log_odds(rows[-1])


def test_other_labels_and_other_methods_are_explained_too(made, tmp_path, capsys):
    make_classifier(tmp_path / "head", base=str(made / "base"), method={"kind": "head_only"})
    rows = [{**row, "label": {"human": "ham", "ai": "spam"}[row["label"]]} for row in examples(6, seed=1)]
    file = write(tmp_path / "rows.jsonl", rows)
    flags = ["--train", file, "--valid", file, "--label-map", "ham=human,spam=ai", "--json", "--quiet"]
    assert run(["explain", str(tmp_path / "head"), *flags]) == DONE
    told = json.loads(capsys.readouterr().out)
    assert told["method"] == "head_only" and told["n_parameters"] == 34 and told["n_blocks"] == 1


def test_misuse_says_what_to_give(made, tmp_path, capsys):
    valid, file = ("--valid", str(made / "valid.jsonl")), tmp_path / "odd.jsonl"
    odd = write(file, [{"id": "1", "text": "w1 w2 w3", "label": "spam"}])
    empty = tmp_path / "empty.jsonl"
    empty.write_text("")
    (tmp_path / "short.txt").write_text("w1 w2 w3")
    taken = tmp_path / "taken"
    taken.mkdir()
    (taken / "file").write_text("mine")
    cases = [
        (explain(made, "classifier"), MISUSE, "Give either --valid FILE"),
        (explain(made, "classifier", *valid, "--text", "x"), MISUSE, "Give either --valid FILE"),
        (on_valid(made, "classifier", "--estimator", "datainv"), MISUSE, "Did you mean datainf?"),
        (on_valid(made, "classifier", "--set", "damping=0"), MISUSE, "damping is 0.0"),
        (on_valid(made, "classifier", "--set", "damping"), MISUSE, "expected key=number"),
        (on_valid(made, "classifier", "--project", "0"), MISUSE, "projection is 0"),
        (on_valid(made, "classifier", "--rows", "xlsx"), MISUSE, "Expected parquet or jsonl"),
        (on_valid(made, "classifier", "--estimator", "tracin"), MISUSE, "has no checkpoints beside it"),
        (on_valid(made, "classifier", "--output", str(taken)), MISUSE, "exists already"),
        (on_valid(made, "classifier", "--label-map", "a=ham,b=spam"), MISUSE, "leads to ham, spam"),
        (on_valid(made, "nothing"), FAILED, "there is nothing to explain"),
        (explain(made, "classifier", "--valid", odd), FAILED, "spam"),
        (explain(made, "classifier", "--valid", str(empty)), FAILED, "empty.jsonl"),
        (explain(made, "detector", "--text", str(tmp_path / "short.txt")), FAILED, "Not enough text"),
        (run(["explain", str(made / "classifier"), *valid]), MISUSE, "There are no training texts"),
    ]
    told = capsys.readouterr().err.split("tain: ")[1:]
    assert [status for status, _, _ in cases] == [status for _, status, _ in cases]
    assert [message for said, (_, _, message) in zip(told, cases, strict=True) if message not in said] == []
    assert (taken / "file").read_text() == "mine"
