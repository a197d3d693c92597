"""What of the texts reaches a training, and when what was tokenised before is used again."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from tests.detector_fixtures import made_up_texts
from tests.tiny import save_tiny_encoder
from tokenizers.pre_tokenizers import WhitespaceSplit

from tain.core.example import DETECTION
from tain.evaluation.overlap import text_hashes
from tain.models import Backbone, load_backbone
from tain.recipes import tokenised
from tain.recipes.configuration import CorpusConfig
from tain.recipes.tokenised import TokenisedCorpus, hash_corpus, tokenise


@pytest.fixture(scope="module")
def backbone(tmp_path_factory) -> Backbone:
    return load_backbone(str(save_tiny_encoder(tmp_path_factory.mktemp("base"))), DETECTION)


def rows(n: int, *, seed: int, name: str = "r", **fields: object) -> list[dict]:
    texts = made_up_texts(n, seed=seed, low=50, high=70)
    return [{"id": f"{name}{i}", "text": t, "label": ("human", "ai")[i % 2], **fields} for i, t in enumerate(texts)]


@pytest.fixture
def write(tmp_path) -> Callable[..., str]:
    def write(name: str, content: list[dict]) -> str:
        (tmp_path / name).write_text("".join(json.dumps(row) + "\n" for row in content))
        return str(tmp_path / name)

    return write


@pytest.fixture
def made(tmp_path, backbone) -> Callable[..., TokenisedCorpus]:
    def make(train: str, valid: str | None = None, **settings: object) -> TokenisedCorpus:
        config = CorpusConfig(train=(train,), valid=(valid,) if valid else (), valid_share=0.3, **settings)
        return tokenise(config, backbone, cache=tmp_path / "cache", seed=0, is_quiet=True)

    return make


def n_texts(corpus: TokenisedCorpus) -> int:
    return len(corpus.train) // corpus.train.n_views


def changed(row: dict, **fields: object) -> dict:
    """The same row with one word changed."""
    words = row["text"].split()
    words[25] = "other"
    return row | {"text": " ".join(words)} | fields


def test_a_group_that_is_validated_on_is_not_trained_on(write, made):
    valid = rows(6, seed=1, name="v")
    valid[0]["group"], valid[1]["group"] = "pair", "t7"
    train = rows(12, seed=2, name="t")
    train[0]["group"], train[2]["group"] = "pair", "v4"
    corpus = made(write("train.jsonl", train), write("valid.jsonl", valid))
    # t0 shares a group, t2 has a validated text for parent, and t7 is the parent of one.
    assert corpus.counts["train: group is validated on"] == 3
    assert n_texts(corpus) == 9 and len(corpus.valid) == 6


def test_rows_without_groups_may_have_the_same_ids(write, made):
    corpus = made(write("train.jsonl", rows(12, seed=2)), write("valid.jsonl", rows(6, seed=1)))
    assert "train: group is validated on" not in corpus.counts
    assert n_texts(corpus) == 12


@pytest.mark.parametrize("has_file", [True, False])
def test_near_repeats_of_validation_texts_are_left_out_and_counted(write, made, has_file):
    kept = rows(40, seed=1)
    if has_file:
        train = [*rows(8, seed=2, name="t"), *(changed(row, id=f"near{row['id']}") for row in kept)]
        files = (write("train.jsonl", train), write("valid.jsonl", kept))
        n_near, n_without = 40, 8
    else:
        # Copies of all: those of validation texts go, those of training texts stay.
        train = [*kept, *(changed(row, id=f"near{row['id']}", group=f"g{row['id']}") for row in kept)]
        files = (write("train.jsonl", train),)
    all_in = made(*files, near_duplicates=False)
    corpus = made(*files)
    n_left_out = corpus.counts["train: near repeat of a validation text"]
    assert n_texts(corpus) == n_texts(all_in) - n_left_out
    assert len(corpus.valid) == len(all_in.valid)
    if has_file:
        assert (n_left_out, n_texts(corpus)) == (n_near, n_without)
    else:
        assert 0 < n_left_out < len(corpus.valid) + 1


def test_where_nothing_repeats_the_tokens_are_the_same_without_the_comparison(write, made):
    file = write("train.jsonl", rows(60, seed=1))
    one, other = made(file), made(file, near_duplicates=False)
    assert one.counts == other.counts
    for name in ("tokens", "offsets", "labels", "domains", "views"):
        for part in ("train", "valid"):
            assert np.array_equal(getattr(getattr(one, part), name), getattr(getattr(other, part), name))


def test_no_domain_has_more_training_texts_of_a_label_than_the_cap_and_pairs_stay(write, made, monkeypatch):
    train = rows(80, seed=1, name="t")
    for i, row in enumerate(train):
        row |= {"group": f"g{i // 2}", "genre_": "news" if i < 70 else "essay"}
    train.append({"id": "short", "text": "too short", "label": "human", "genre_": "news"})
    kept = []
    real = tokenised.Preparation._cuts
    monkeypatch.setattr(
        tokenised.Preparation,
        "_cuts",
        lambda self, part, n_views: (kept.append((part, cut[0])) or cut for cut in real(self, part, n_views=n_views)),
    )
    corpus = made(
        write("train.jsonl", train), write("valid.jsonl", rows(6, seed=2, name="v", genre_="news")),
        max_per_domain=10, domain_column="genre_", n_views=1,
    )  # fmt: skip
    trained = [example for part, example in kept if part == "train"]
    of = [(e.domain, e.label) for e in trained]
    assert {key: of.count(key) for key in of} == {
        ("news", "human"): 10, ("news", "ai"): 10, ("essay", "human"): 5, ("essay", "ai"): 5,
    }  # fmt: skip
    assert {e.group for e in trained if e.label == "ai"} == {e.group for e in trained if e.label == "human"}
    assert corpus.counts["train: over max_per_domain"] == 50
    assert corpus.counts["train: too short"] == 1
    assert len(corpus.valid) == 6


@pytest.mark.parametrize("has_valid", [True, False])
def test_bad_rows_are_set_aside_once_for_each_part_and_counted(write, made, has_valid):
    bad = [{"id": "b1", "text": None, "label": "ai"}, {"id": "b2", "text": "x", "label": "who knows"}]
    train = write("train.jsonl", [*rows(40, seed=1, name="t"), *bad])
    valid = write("valid.jsonl", [*rows(6, seed=2, name="v"), bad[0]]) if has_valid else None
    for _ in range(2):  # made, then from the cache
        corpus = made(train, valid, on_bad="set_aside")
        lines = {file.name: file.read_text().splitlines() for file in corpus.set_aside}
        assert [json.loads(line)["line"] for line in lines["set_aside-train.jsonl"]] == [41, 42]
        assert corpus.counts["train: set aside"] == 2
        assert ("set_aside-valid.jsonl" in lines) is has_valid
        assert corpus.counts.get("valid: set aside", 0) == has_valid


@pytest.fixture
def builds(monkeypatch) -> list[Path]:
    """The folders that were built."""
    built, real = [], tokenised._build
    monkeypatch.setattr(tokenised, "_build", lambda *args, **named: (built.append(args[2]), real(*args, **named)))
    return built


def test_the_cache_serves_the_same_texts_and_tokenizer_only(write, made, builds, tmp_path, monkeypatch):
    file = write("train.jsonl", rows(40, seed=1))
    made(file)
    made(file)  # the first call has left its truncation in the tokenizer
    assert len(builds) == 1
    monkeypatch.setattr(tokenised, "VERSION", 0)
    made(file)
    assert len(builds) == 2
    write("train.jsonl", rows(41, seed=1))
    made(file)
    assert len({*builds}) == len(builds) == 3


def test_the_texts_of_both_parts_are_noted_once_each_and_no_other(write, made, builds):
    train, valid = rows(12, seed=2, name="t"), rows(6, seed=1, name="v")
    near = changed(valid[0], id="near")
    files = write("train.jsonl", [*train, {**train[0], "id": "again"}, near]), write("valid.jsonl", valid)
    corpus = made(*files, n_views=3)
    assert corpus.counts["train: near repeat of a validation text"] == 1
    assert corpus.seen.training.tolist() == text_hashes(row["text"] for row in [*train, *valid]).tolist()
    assert made(*files, n_views=3).seen.training.size == 18
    (builds[0] / "seen.safetensors").unlink()  # as in a store of an earlier tain
    assert made(*files, n_views=3).seen.training.size == 18
    assert len(builds) == 2


def test_other_rules_with_the_same_vocabulary_are_another_tokenizer(write, builds, tmp_path):
    config = CorpusConfig(train=(write("train.jsonl", rows(40, seed=1)),))
    own = load_backbone(str(save_tiny_encoder(tmp_path / "base")), DETECTION)
    before = tokenise(config, own, cache=tmp_path / "cache", seed=0, is_quiet=True)
    own.tokenizer.backend_tokenizer.pre_tokenizer = WhitespaceSplit()
    after = tokenise(config, own, cache=tmp_path / "cache", seed=0, is_quiet=True)
    assert len({*builds}) == 2
    assert not np.array_equal(before.train.tokens, after.train.tokens)


def test_a_hub_data_set_is_known_by_its_commit_and_not_cached_without(write, backbone, builds, tmp_path, monkeypatch):
    import datasets

    class Rows(list):
        features = None

    monkeypatch.setattr(datasets, "load_dataset", lambda *args, **named: Rows(rows(40, seed=1)))
    monkeypatch.chdir(tmp_path)
    config = CorpusConfig(train=("owner/texts:train",))
    for commit, n_builds in ((None, 1), (None, 2), ("abc", 3), ("abc", 3), ("def", 4)):
        monkeypatch.setattr(tokenised, "hub_revision", lambda name, commit=commit: commit)
        assert hash_corpus(config) == {"owner/texts:train": commit or "unknown"}
        tokenise(config, backbone, cache=tmp_path / "cache", seed=0, is_quiet=True)
        assert len(builds) == n_builds
    assert len({*builds}) == 3
