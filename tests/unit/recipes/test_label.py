"""Labels by a large model: nothing is paid for twice, and what cannot be read is dropped and counted."""

import json

import polars as pl
import pytest
from tests.detector_fixtures import made_up_texts
from tests.faulty_endpoint import Faults, FaultyEndpoint
from tests.tiny import WORDS, save_tiny_encoder

from tain.cli import DONE, MISUSE, PARTIAL
from tain.cli.app import run
from tain.core.errors import ConfigError, DataError, EndpointError
from tain.recipes.label import LabelFiles, estimate_labels, label, label_config

PROMPT = "Is this review positive or negative? Answer with one word."


@pytest.fixture(autouse=True)
def _key(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test-key")
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)


def answers(said, *, after=None, usage=(50, 2)):
    """An endpoint that says of each text what the function says; with `after`, its key is refused from then on."""
    n = 0

    def reply(headers, body):
        nonlocal n
        n += 1
        if after is not None and n > after:
            return 401, {}, b'{"error": {"message": "wrong key"}}'
        text = body["messages"][-1]["content"]
        choice = {"message": {"content": said(text)}, "finish_reason": "stop"}
        tokens = {"prompt_tokens": usage[0], "completion_tokens": usage[1]}
        return 200, {}, json.dumps({"model": "large-2026", "choices": [choice], "usage": tokens}).encode()

    return reply


def by_number(text):
    return "Positive." if int(text.split()[-1]) % 2 else "negative"


@pytest.fixture
def texts(tmp_path):
    path = tmp_path / "texts.jsonl"
    rows = [{"id": f"t{i}", "text": f"A review, number {i}", "group": f"g{i}", "domain": "films"} for i in range(8)]
    path.write_text("".join(json.dumps(row | {"label": "unknown"}) + "\n" for row in rows))
    return path


def files(texts, name="labelled.jsonl", **more):
    return LabelFiles([str(texts)], texts.with_name(name), is_quiet=True, **more)


def config(server=None, **more):
    values = {"labels": ("positive", "negative"), "prompt": PROMPT, "model": "large", "concurrency": 4}
    return label_config(values | ({} if server is None else {"base_url": server.url}) | more)


def rows(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_each_text_gets_the_label_that_the_model_names(texts):
    with FaultyEndpoint(reply=answers(by_number)) as server:
        result = label(files(texts), config(server))
    found = rows(result.output)
    assert [row["label"] for row in found] == ["negative", "positive"] * 4
    first = found[0]
    assert (first["id"], first["text"], first["group"], first["domain"]) == ("t0", "A review, number 0", "g0", "films")
    assert (first["labeller"], first["labeller_version"], len(first["label_date"])) == ("large", "large-2026", 10)
    assert {row["label_prompt"] for row in found} == {result.prompt_version}
    assert (result.ending, result.n_open, result.labels) == ("done", 0, {"positive": 4, "negative": 4})


def test_answers_that_are_no_label_are_dropped_and_counted_with_the_reason(texts):
    said = {0: "positive or negative", 1: "It is positive.", 2: "", 3: "mixed"}
    reply = answers(lambda text: said.get(int(text.split()[-1]), "negative"))
    with FaultyEndpoint(reply=reply) as server:
        result = label(files(texts), config(server))
        assert label(files(texts), config(server)).dropped == result.dropped
        assert len(server.log) == 8  # what was dropped was paid for too, and is not asked again
    assert [row["id"] for row in rows(result.output)] == ["t4", "t5", "t6", "t7"]
    assert result.dropped == {"ambiguous": 1, "no_label": 2, "empty": 1}
    summary = json.loads(files(texts).summary_path.read_text())
    assert (summary["n_texts"], summary["n_labelled"], summary["n_dropped"], summary["n_open"]) == (8, 4, 4, 0)
    assert summary["dropped"] == {"ambiguous": 1, "no_label": 2, "empty": 1}


def test_a_second_run_asks_nothing_and_needs_no_key(texts, monkeypatch):
    with FaultyEndpoint(reply=answers(by_number)) as server:
        label(files(texts), config(server))
        before = files(texts).output.read_bytes()
        monkeypatch.delenv("OPENAI_API_KEY")
        label(files(texts), config(server))
        assert len(server.log) == 8 and files(texts).output.read_bytes() == before


def test_what_was_answered_before_a_failure_is_kept_and_not_asked_again(texts):
    server = FaultyEndpoint(reply=answers(by_number, after=5))
    with server, pytest.raises(EndpointError, match="Set OPENAI_API_KEY"):
        label(files(texts), config(server, concurrency=1))
    assert len(rows(files(texts).output)) == 5
    with FaultyEndpoint(reply=answers(by_number)) as server:
        assert label(files(texts), config(server)).n_open == 0
        assert len(server.log) == 3
    assert len(rows(files(texts).output)) == 8


def test_a_busy_endpoint_is_asked_again(texts, monkeypatch):
    faults = Faults(too_many=0.3, retry_after_s=0.01)
    with FaultyEndpoint(faults, seed=1) as server:
        answered = server._answer
        server._answer = lambda *given: answered(*given) | {"choices": [{"message": {"content": "positive"}}]}
        result = label(files(texts), config(server))
    assert result.labels == {"positive": 8} and len(server.log) > 8


def test_money_that_is_used_up_ends_it(texts):
    prices = {"price_in": ("100",), "price_out": ("100",)}
    with FaultyEndpoint(reply=answers(by_number)) as server:
        # Each answer costs 0.0052 USD, and at most somewhat more is set aside for it.
        result = label(files(texts), config(server, max_cost=0.02, concurrency=1, **prices))
    assert result.ending == "budget" and 0 < len(server.log) < 8
    assert result.summary.spent_usd <= 0.02
    with pytest.raises(ConfigError, match="--max-cost needs the prices"):
        label(files(texts, "other.jsonl"), config(max_cost=1.0))


def test_a_dry_run_counts_and_touches_nothing(texts, monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY")
    found = estimate_labels(files(texts), config(price_in=("1",), price_out=("4",), attempts=2))
    assert (found.n_texts, found.n_finished, found.completion_tokens) == (8, 0, 8 * 16)
    assert found.usd == pytest.approx((found.prompt_tokens + 4 * found.completion_tokens) / 1e6)
    assert found.most_usd == 2 * found.usd
    assert [path.name for path in texts.parent.iterdir()] == ["texts.jsonl"]
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test-key")
    with FaultyEndpoint(reply=answers(by_number)) as server:
        label(files(texts), config(server))
    assert estimate_labels(files(texts), config()).n_finished == 8


def test_answers_to_another_question_are_not_mixed_in(texts):
    with FaultyEndpoint(reply=answers(by_number)) as server:
        label(files(texts), config(server))
        with pytest.raises(DataError, match="holds answers to another question"):
            label(files(texts), config(server, prompt=f"{PROMPT} Think well."))
        assert len(server.log) == 8


def test_an_output_that_something_else_wrote_is_not_replaced(texts):
    files(texts).output.write_text("precious")
    with pytest.raises(ConfigError, match="exists already"):
        label(files(texts), config())


def test_the_prompt_may_be_a_file_and_long_texts_are_cut(texts, tmp_path):
    (tmp_path / "prompt.txt").write_text("{labels}?\n{text}\n")
    texts.write_text(json.dumps({"id": "long", "text": " ".join(["word"] * 50)}) + "\n")
    asked = []
    reply = answers(lambda text: asked.append(text) or "negative")
    with FaultyEndpoint(reply=reply) as server:
        result = label(files(texts), config(server, prompt=str(tmp_path / "prompt.txt"), max_words=20))
    assert asked == ["positive, negative?\n" + " ".join(["word"] * 20)]
    assert rows(result.output)[0]["text"] == " ".join(["word"] * 20)


def test_parquet_has_the_same_columns(texts):
    with FaultyEndpoint(reply=answers(by_number)) as server:
        result = label(files(texts, "labelled.parquet"), config(server))
    assert pl.read_parquet(result.output).columns[-4:] == ["labeller", "labeller_version", "label_date", "label_prompt"]


def test_settings_that_are_impossible_are_told_at_once():
    with pytest.raises(ConfigError, match=r"(?s)temperature is -1.*attempts is 0"):
        config(temperature=-1.0, attempts=0)
    with pytest.raises(ConfigError, match="prompt"):
        config(prompt="")


def command(texts, server, *more):
    output = str(texts.with_name("labelled.jsonl"))
    words = ["label", str(texts), "--labels", "positive,negative", "--prompt", PROMPT, "--model", "large", "--quiet"]
    return [*words, "--output", output, "--base-url", server.url, *more]


def test_the_command_tells_what_it_did_and_shows_no_key(texts, capsys):
    with FaultyEndpoint(reply=answers(lambda text: "mixed" if text.endswith("3") else by_number(text))) as server:
        assert run(command(texts, server, "--dry-run")) == DONE
        assert "8 to be labelled" in capsys.readouterr().out
        assert run(command(texts, server)) == DONE
        said = capsys.readouterr()
        assert run(command(texts, server, "--json")) == DONE
    assert said.out == f"{texts.with_name('labelled.jsonl')}\n"
    assert "7 labelled (4 negative, 3 positive), 1 dropped (1 no_label), 0 open" in said.err
    assert json.loads(capsys.readouterr().out)["dropped"] == {"no_label": 1}
    assert "sk-test-key" not in said.err + said.out
    assert not any(b"sk-test-key" in path.read_bytes() for path in texts.parent.iterdir())


def test_texts_left_open_end_in_part(texts, capsys):
    prices = ("--price-in", "100", "--price-out", "100", "--max-cost", "0.02", "--concurrency", "1")
    with FaultyEndpoint(reply=answers(by_number)) as server:
        assert run(command(texts, server, *prices)) == PARTIAL
        assert "--max-cost would not do" in capsys.readouterr().err
        assert run(command(texts, server, "--attempts", "0")) == MISUSE


def test_a_training_learns_from_the_labels(tmp_path, monkeypatch):
    monkeypatch.setenv("TAIN_CACHE", str(tmp_path / "cache"))
    made = [*made_up_texts(40, seed=1, high=60), *made_up_texts(40, seed=2, ai=True, high=60)]
    texts = tmp_path / "texts.jsonl"
    texts.write_text("".join(json.dumps({"id": f"t{i}", "text": text}) + "\n" for i, text in enumerate(made)))
    late = set(WORDS[len(WORDS) // 2 :])

    def said(text):
        return (
            "positive"
            if sum(word.rstrip(".") in late for word in text.split()) > 0.63 * len(text.split())
            else "Negative"
        )

    with FaultyEndpoint(reply=answers(said)) as server:
        assert run(command(texts, server)) == DONE
    settings = (
        "training.n_epochs=1",
        "training.threads=1",
        "corpus.cut_high=60",
        'corpus.label_map=["negative=negative,positive=positive"]',
    )
    words = [word for setting in settings for word in ("--set", setting)]
    base, output = save_tiny_encoder(tmp_path / "base"), tmp_path / "run"
    labelled = str(tmp_path / "labelled.jsonl")
    assert run(["train", "--train", labelled, "--base", str(base), "--output", str(output), "--quiet", *words]) == DONE
    assert json.loads((output / "model" / "classifier.json").read_text())["labels"] == ["negative", "positive"]
