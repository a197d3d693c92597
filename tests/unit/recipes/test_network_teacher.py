"""A trained network as teacher, and texts of which only the teacher says something."""

import json
from itertools import chain

import numpy as np
import pytest
import torch
from tests.detector_fixtures import made_up_texts
from tests.tiny import save_tiny_encoder

from tain.cli import DONE, MISUSE
from tain.cli.app import run
from tain.core.errors import ConfigError
from tain.core.example import DETECTION, LabelSet
from tain.methods import build_method
from tain.methods.method import trainable
from tain.models import load_backbone
from tain.recipes import network_teacher
from tain.recipes.configuration import CorpusConfig
from tain.recipes.network_teacher import NetworkTeacher, teacher_folder
from tain.recipes.tokenised import tokenise
from tain.training.classifier import Classifier, load_classifier, save_classifier
from tain.training.store import UNLABELLED


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return str(save_tiny_encoder(tmp_path_factory.mktemp("base")))


def save_teacher(folder, base, *, labels=DETECTION, method="full", seed=5):
    backbone = load_backbone(base, labels)
    way = build_method({"kind": method})
    model = way.prepare(backbone, seed=0).eval()
    torch.manual_seed(seed)
    with torch.no_grad():
        for parameter in trainable(model).values():
            parameter.add_(torch.randn_like(parameter) * 0.1)
    classifier = Classifier(backbone, way, model, 64)
    save_classifier(classifier, folder, probe_rows=[[2, 5, 6, 3]])
    return folder


def rows(n, *, seed, name="r", **fields):
    texts = made_up_texts(n, seed=seed, low=50, high=60)
    return [{"id": f"{name}{i}", "text": t, "label": ("human", "ai")[i % 2], **fields} for i, t in enumerate(texts)]


def bare(content):
    return [{key: row[key] for key in ("id", "text")} for row in content]


@pytest.fixture
def write(tmp_path):
    def write(name, content):
        (tmp_path / name).write_text("".join(json.dumps(row) + "\n" for row in content))
        return str(tmp_path / name)

    return write


@pytest.fixture
def made(tmp_path, base, write):
    def make(*, teacher, train=None, **settings):
        files = {"train": (write("train.jsonl", train or rows(24, seed=1)),), "valid_share": 0.3, **settings}
        config = CorpusConfig(teacher=None if teacher is None else str(teacher), cut_high=55, **files)
        return tokenise(config, load_backbone(base, DETECTION), cache=tmp_path / "cache", seed=0, is_quiet=True)

    return make


@pytest.mark.parametrize("method", ["full", "lora"])
def test_each_row_has_what_the_teacher_says_of_that_very_cut(method, made, base, tmp_path):
    folder = save_teacher(tmp_path / "teacher", base, method=method)
    store = made(teacher=folder, n_views=2).train
    # Student and teacher have one tokenizer here, so that the tokens of a row are the teacher's too.
    expected = load_classifier(folder).logits([store[i] for i in range(len(store))])
    assert store.n_views == 2 and len({tuple(row) for row in store.teacher.round(6).tolist()}) > len(store) // 2
    np.testing.assert_allclose(store.teacher, expected, atol=1e-5)


def test_a_second_training_does_not_ask_the_teacher_again(made, base, tmp_path, monkeypatch):
    folder = save_teacher(tmp_path / "teacher", base)
    first = made(teacher=folder).train.teacher
    with monkeypatch.context() as patch:
        patch.setattr(NetworkTeacher, "logits", None)
        assert np.array_equal(made(teacher=folder).train.teacher, first)
    # Another teacher in the same place is another teacher.
    save_teacher(folder, base, seed=6)
    assert not np.allclose(made(teacher=folder).train.teacher, first)


def test_the_teacher_may_be_a_run_and_have_its_labels_in_another_order(base, tmp_path):
    save_teacher(tmp_path / "run" / "model", base, labels=LabelSet(("ai", "human")))
    folder = teacher_folder(str(tmp_path / "run"))
    assert folder == tmp_path / "run" / "model"
    texts = made_up_texts(5, seed=1)
    own = load_classifier(folder)
    logits = own.logits(own.backbone.tokenizer(texts, truncation=True, max_length=64)["input_ids"])
    found = NetworkTeacher(folder, DETECTION).logits(texts)
    np.testing.assert_allclose(found, logits[:, ::-1], atol=1e-5)


def test_the_teacher_stays_as_it_was(base, tmp_path):
    teacher = NetworkTeacher(save_teacher(tmp_path / "teacher", base), DETECTION)
    model = teacher.classifier.model
    before = {name: value.clone() for name, value in chain(model.named_parameters(), model.named_buffers())}
    first = teacher.logits(made_up_texts(3, seed=1))
    assert not model.training and not any(parameter.requires_grad for parameter in model.parameters())
    assert np.array_equal(teacher.logits(made_up_texts(3, seed=1)), first)
    after = dict(chain(model.named_parameters(), model.named_buffers()))
    assert all((after[name] == value).all() for name, value in before.items())


def test_a_teacher_of_other_labels_is_told_before_anything_is_read(made, base, tmp_path, monkeypatch):
    folder = save_teacher(tmp_path / "teacher", base, labels=LabelSet(("good", "bad")))
    monkeypatch.setattr(network_teacher, "NetworkTeacher", None)
    with pytest.raises(ConfigError, match="tells good, bad apart, and the texts are human, ai"):
        made(teacher=folder)
    assert not list((tmp_path / "cache").glob("*/train"))


def test_a_path_without_a_model_is_told(made, tmp_path):
    with pytest.raises(ConfigError, match=r"teacher '.*/nowhere' is not there. Expected a finished Run"):
        made(teacher=tmp_path / "nowhere")
    with pytest.raises(ConfigError, match="holds no trained model"):
        made(teacher=tmp_path)


def test_a_folder_named_as_a_classical_model_does_not_hide_it(tmp_path, monkeypatch):
    (tmp_path / "tfidf-logistic").mkdir()
    monkeypatch.chdir(tmp_path)
    assert teacher_folder("tfidf-logistic") is None


@pytest.mark.parametrize("kind", ["network", "tfidf-logistic"])
def test_texts_without_labels_join_with_the_teachers_logits_alone(kind, made, write, base, tmp_path):
    teacher = save_teacher(tmp_path / "teacher", base) if kind == "network" else kind
    extra = (write("extra.jsonl", bare(rows(10, seed=2, name="u"))),)
    corpus = made(teacher=teacher, unlabelled=extra, n_views=2)
    store = corpus.train
    assert corpus.counts["train: unlabelled"] == 10
    assert (~store.is_labelled).sum() == 20 and (store.labels[~store.is_labelled] == UNLABELLED).all()
    assert (np.abs(store.teacher).sum(1) > 0).all()
    # Those with labels are the very ones there would be without the others.
    alone = made(teacher=teacher, n_views=2).train
    assert [store[i].tolist() for i in range(len(alone))] == [alone[i].tolist() for i in range(len(alone))]
    np.testing.assert_allclose(store.teacher[: len(alone)], alone.teacher, atol=1e-5)
    assert corpus.valid.is_labelled.all()


def test_a_label_that_stands_there_is_not_read(made, write):
    extra = (write("extra.jsonl", [row | {"label": "?"} for row in rows(4, seed=2, name="u")]),)
    assert made(teacher="tfidf-logistic", unlabelled=extra).counts["train: unlabelled"] == 4


def test_nothing_that_is_validated_on_comes_back_without_its_label(made, write):
    content = rows(40, seed=1)
    for i, row in enumerate(content):
        row["group"] = f"g{i}"
    corpus = made(teacher="tfidf-logistic", train=content, n_views=1)
    n_valid = len(corpus.valid)
    same = write("same.jsonl", bare(content))
    other = write("groups.jsonl", [{**row, "group": f"g{i}"} for i, row in enumerate(bare(rows(40, seed=9, name="u")))])
    near = [{"id": f"n{i}", "text": row["text"].replace(".", " other.", 1)} for i, row in enumerate(content)]
    found = made(teacher="tfidf-logistic", train=content, n_views=1, unlabelled=(same,)).counts
    assert found["unlabelled: same text again"] == 40 and "train: unlabelled" not in found
    found = made(teacher="tfidf-logistic", train=content, n_views=1, unlabelled=(other,)).counts
    assert found["unlabelled: group is validated on"] == n_valid and found["train: unlabelled"] == 40 - n_valid
    found = made(teacher="tfidf-logistic", train=content, n_views=1, unlabelled=(write("near.jsonl", near),)).counts
    assert found["unlabelled: near repeat of a validation text"] == n_valid


def test_texts_without_labels_need_a_teacher(made, write):
    extra = (write("extra.jsonl", bare(rows(4, seed=2, name="u"))),)
    with pytest.raises(ConfigError, match=r"extra.jsonl, and there is no teacher to learn from"):
        made(teacher=None, unlabelled=extra)


def test_bad_rows_without_labels_are_set_aside_in_a_file_of_their_own(made, write):
    extra = (write("extra.jsonl", [*bare(rows(4, seed=2, name="u")), {"id": "bad", "text": None}]),)
    corpus = made(teacher="tfidf-logistic", unlabelled=extra, on_bad="set_aside")
    assert [file.name for file in corpus.set_aside] == ["set_aside-unlabelled.jsonl"]
    assert corpus.counts["unlabelled: set aside"] == 1


@pytest.fixture
def command(tmp_path, base, write, monkeypatch):
    monkeypatch.setenv("TAIN_CACHE", str(tmp_path / "cache"))
    texts = write("texts.jsonl", rows(80, seed=1))

    def made(output, *settings):
        every = ("training.n_epochs=1", "training.threads=1", "corpus.cut_high=60", *settings)
        words = [word for setting in every for word in ("--set", setting)]
        return ["train", "--train", texts, "--base", base, "--output", str(tmp_path / output), "--quiet", *words]

    return made


def test_a_student_learns_from_a_run_and_from_texts_without_labels(command, tmp_path, write, capsys):
    extra = write("extra.jsonl", bare(rows(10, seed=2, name="u")))
    assert run(command("teacher", 'method={kind="full"}')) == DONE
    settings = (
        f"corpus.teacher={tmp_path / 'teacher'}",
        f'corpus.unlabelled=["{extra}"]',
        "training.distil_weight=0.5",
        'method={kind="kd_lora", rank=2, layers=[1]}',
    )
    assert run(command("student", *settings)) == DONE
    student = load_classifier(tmp_path / "student" / "model")
    assert student.backbone.model.config.num_hidden_layers == 1
    manifest = json.loads((tmp_path / "student" / "manifest.json").read_text())
    assert manifest["counts"]["train: unlabelled"] == 10
    assert str(tmp_path / "teacher") in manifest["sha256"]
    assert run([*command("student", *settings), "--resume"]) == DONE


def test_texts_without_labels_and_without_a_weight_of_the_teacher_are_told(command, write, capsys):
    extra = write("extra.jsonl", bare(rows(4, seed=2, name="u")))
    assert run(command("student", f'corpus.unlabelled=["{extra}"]', "corpus.teacher=tfidf-logistic")) == MISUSE
    assert "nothing is learned while training.distil_weight is 0" in capsys.readouterr().err
