from collections.abc import Callable
from types import SimpleNamespace
from typing import ClassVar

import pytest

from tain.core.errors import DataError
from tain.corpora.hub import hub_revision, hub_rows, looks_like_hub_id
from tain.corpora.reading import read_corpus

NAMES = SimpleNamespace(int2str=lambda number: ("machine", "human")[number])


class Rows(list):
    """Stands in for a streamed split."""

    features: ClassVar = {"text": object(), "label": NAMES}


ROWS = Rows([{"text": "One.", "label": 0}, {"text": "Two.", "label": 1}, {"text": "Three.", "label": -1}])


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Callable[[object], list]:
    """Let `datasets` answer with what is given; the calls it got."""
    import datasets

    def answer_with(answer: object) -> list:
        calls: list = []

        def load_dataset(name: str, *, split: str | None, streaming: bool, revision: str | None) -> object:
            calls.append((name, split, streaming, revision))
            if isinstance(answer, Exception):
                raise answer
            return answer

        monkeypatch.setattr(datasets, "load_dataset", load_dataset)
        return calls

    return answer_with


def test_classes_come_as_the_names_the_data_set_gives_them(serve: Callable[[object], list]) -> None:
    calls = serve({"train": ROWS, "test": []})
    assert [row.values["label"] for row in hub_rows("owner/name")] == ["machine", "human", None]
    assert calls == [("owner/name", None, True, None)]


def test_a_named_split_is_read_as_examples(serve: Callable[[object], list]) -> None:
    calls = serve(Rows(ROWS[:2]))
    corpus = read_corpus(["owner/name:test"])
    assert [(e.id, e.label, e.source) for e in corpus] == [
        ("owner/name:test:1", "ai", "owner/name:test"),
        ("owner/name:test:2", "human", "owner/name:test"),
    ]
    assert calls[0] == ("owner/name", "test", True, None)


def test_the_only_split_is_taken_and_several_must_be_named(serve: Callable[[object], list]) -> None:
    serve({"validation": ROWS})
    assert len(list(hub_rows("owner/name"))) == 3
    serve({"a": ROWS, "b": ROWS})
    with pytest.raises(DataError, match="has the splits a, b; say which: owner/name:a"):
        list(hub_rows("owner/name"))


def test_every_reading_is_of_the_commit_that_was_newest_at_first(
    serve: Callable[[object], list], monkeypatch: pytest.MonkeyPatch
) -> None:
    import huggingface_hub

    commits = iter(["first", "second"])
    answer = lambda self, repo: SimpleNamespace(sha=next(commits))  # noqa: E731
    monkeypatch.setattr(huggingface_hub.HfApi, "dataset_info", answer)
    calls = serve(Rows(ROWS[:2]))
    read_corpus(["owner/pinned:test"])
    assert [call[-1] for call in calls] == ["first", "first"]
    assert hub_revision("owner/pinned") == "first"


def test_there_is_no_commit_when_the_hub_is_not_asked() -> None:
    assert hub_revision("owner/offline:test") is None


@pytest.mark.parametrize("error", [ConnectionError("no route"), ValueError("no such split"), RuntimeError()])
def test_what_cannot_be_loaded_gets_one_clear_error(serve: Callable[[object], list], error: Exception) -> None:
    serve(error)
    with pytest.raises(DataError, match=r"owner/name: there is no such file, and the Hub data set cannot be loaded"):
        list(hub_rows("owner/name"))


@pytest.mark.parametrize(
    ("name", "is_hub"),
    [("owner/name", True), ("o/n.x-1:test[:10%]", True), ("name", False), ("/abs/path", False), ("a/b/c", False)],
)
def test_hub_ids_have_an_owner_and_a_name(name: str, is_hub: bool) -> None:
    assert looks_like_hub_id(name) is is_hub


def test_a_missing_file_in_a_folder_that_exists_is_not_looked_for_on_the_hub(
    serve: Callable[[object], list], tmp_path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = serve(ROWS)
    (tmp_path / "data").mkdir()
    monkeypatch.chdir(tmp_path)
    for name in ("data/typo", "other/typo.jsonl"):
        with pytest.raises(DataError, match="there is no such file or folder"):
            read_corpus([name])
    assert calls == []
