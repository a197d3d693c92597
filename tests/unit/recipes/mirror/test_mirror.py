import json

import polars as pl
import pytest
from tests.faulty_endpoint import Faults, FaultyEndpoint, make_parents

from tain.core.errors import ConfigError, DataError, EndpointError
from tain.core.example import Example
from tain.core.files import sha256_of
from tain.mirrors.store_rows import text_sha256
from tain.recipes.mirror import MirrorFiles, estimate_mirrors, mirror, mirror_config, write_mirrors


@pytest.fixture(autouse=True)
def _key(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test-key")
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)


@pytest.fixture
def humans(tmp_path):
    rows = make_parents(8)
    path = tmp_path / "humans.jsonl"
    path.write_text("".join(json.dumps(row | {"language": "en"}) + "\n" for row in rows))
    return path


def files(humans, name="mirrors.jsonl", **more):
    return MirrorFiles([str(humans)], humans.with_name(name), is_quiet=True, **more)


def config(server=None, **more):
    url = {} if server is None else {"base_url": server.url}
    return mirror_config({"models": ("small",), "variants": ("rewrite", "in_style"), **url, **more})


def rows(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_each_human_text_gets_a_mirror_of_its_group(humans):
    with FaultyEndpoint() as server:
        result = mirror(files(humans), config(server))
    assert (result.ending, result.n_open, result.summary.states) == ("done", 0, {"accepted": 8})
    found = rows(result.output)
    assert [row["parent"] for row in found] == [f"p{i}" for i in range(8)]
    first, parent = found[0], rows(humans)[0]
    assert (first["id"], first["label"], first["group"]) == ("mirror:p0", "ai", "g0")
    assert (first["generator"], first["domain"], first["language"]) == ("small", "essay", "en")
    assert first["parent_sha256"] == text_sha256(parent["text"])
    assert first["variant"] in ("rewrite", "in_style")
    assert first["template"] == "essay" and first["template_version"] and len(first["date"]) == 10


def test_a_second_run_asks_for_nothing_and_may_write_its_output_again(humans, monkeypatch):
    with FaultyEndpoint() as server:
        mirror(files(humans), config(server))
        before, n_asked = files(humans).output.read_bytes(), len(server.log)
        result = mirror(files(humans), config(server))
        assert len(server.log) == n_asked == 8
    monkeypatch.delenv("OPENAI_API_KEY")
    assert mirror(files(humans), config()).n_open == 0  # nor for a key
    assert result.output.read_bytes() == before


def test_new_texts_are_asked_for_and_old_ones_stay(humans):
    with FaultyEndpoint() as server:
        mirror(files(humans), config(server))
        with humans.open("a") as file:
            file.write(json.dumps(make_parents(1, seed=9)[0] | {"id": "new"}) + "\n")
        assert mirror(files(humans), config(server)).summary.states == {"accepted": 9}
        assert len(server.log) == 9


def test_a_changed_text_under_a_known_id_is_refused(humans):
    with FaultyEndpoint() as server:
        mirror(files(humans), config(server))
        humans.write_text(humans.read_text().replace("Sunday", "Monday").replace("uncle", "aunt"))
        with pytest.raises(DataError, match="holds another text under the id"):
            mirror(files(humans), config(server))
        assert len(server.log) == 8


def test_an_output_that_something_else_wrote_is_not_replaced(humans):
    files(humans).output.write_text("precious")
    with FaultyEndpoint() as server:
        with pytest.raises(ConfigError, match="exists already"):
            mirror(files(humans), config(server))
        assert server.log == []
        assert mirror(files(humans, force=True), config(server)).n_open == 0


def test_an_output_that_was_edited_is_not_replaced(humans):
    with FaultyEndpoint() as server:
        result = mirror(files(humans), config(server))
        result.output.write_text(result.output.read_text() + "mine\n")
        with pytest.raises(ConfigError, match="exists already"):
            mirror(files(humans), config(server))


def test_parquet_has_the_same_columns(humans):
    with FaultyEndpoint() as server:
        result = mirror(files(humans, "mirrors.parquet"), config(server))
    table = pl.read_parquet(result.output)
    assert table.columns[:5] == ["id", "text", "label", "group", "parent"]
    assert table["label"].unique().to_list() == ["ai"]


def test_another_suffix_is_refused_before_anything_is_asked(humans):
    with FaultyEndpoint() as server:
        with pytest.raises(ConfigError, match=r"Expected \.jsonl or \.parquet"):
            mirror(files(humans, "mirrors.txt"), config(server))
        assert server.log == []


def test_a_dry_run_counts_tokens_and_cost_and_touches_nothing(humans):
    prices = {"price_in": ("1",), "price_out": ("4",)}
    with FaultyEndpoint() as server:
        found = estimate_mirrors(files(humans), config(server, **prices))
        assert server.log == []
    assert sorted(path.name for path in humans.parent.iterdir()) == ["humans.jsonl"]
    assert (found.n_parents, found.n_finished, found.n_requests) == (8, 0, 8)
    assert found.prompt_tokens > 8 * 100
    assert 0 < found.usd == pytest.approx((found.prompt_tokens + 4 * found.completion_tokens) / 1e6)
    assert found.most_usd > 3 * found.usd
    assert sum(found.variants.values()) == 8


def test_a_dry_run_needs_no_key(humans, monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY")
    assert estimate_mirrors(files(humans), config()).n_parents == 8


def test_a_dry_run_after_a_run_counts_only_what_is_missing(humans):
    with FaultyEndpoint() as server:
        mirror(files(humans), config(server))
    found = estimate_mirrors(files(humans), config())
    assert (found.n_finished, found.n_requests, found.usd) == (8, 0, 0)


def test_the_topic_is_counted_as_a_request_of_its_own(humans):
    assert estimate_mirrors(files(humans), config(variants=("from_topic",))).n_requests == 16


def test_the_money_stops_in_time_and_the_rest_is_asked_for_when_there_is_more(humans):
    prices = {"price_in": ("0",), "price_out": ("1000",)}  # 80 tokens are 0.08
    with FaultyEndpoint() as server:
        result = mirror(files(humans), config(server, max_cost=0.5, max_tokens=200, **prices))
        assert result.ending == "budget"
        assert 0 < result.summary.spent_usd <= 0.5
        assert result.n_open == 8 - result.summary.states["accepted"] > 0
        assert len(rows(result.output)) == result.summary.states["accepted"]
        assert mirror(files(humans), config(server, max_cost=100, max_tokens=200, **prices)).n_open == 0
        assert len(server.log) == 8


def test_a_limit_without_prices_is_refused(humans):
    with pytest.raises(ConfigError, match="--max-cost needs the prices of every model"):
        mirror(files(humans), config(max_cost=1.0))
    with pytest.raises(ConfigError, match="--max-cost needs the prices"):
        mirror(files(humans), config(models=("a", "b"), max_cost=1.0, price_in=("a=1",), price_out=("1",)))


def test_several_models_share_the_work_and_keep_their_parents(humans):
    with FaultyEndpoint(Faults(refusal=0.4), seed=2) as server:
        mirror(files(humans), config(server, models=("a=0.5", "b=0.5"), attempts=9))
    asked = {}
    for entry in server.log:
        asked.setdefault(entry.parent, set()).add(entry.model)
    assert {len(models) for models in asked.values()} == {1}
    assert set.union(*asked.values()) == {"a", "b"}
    assert len(server.log) > 8


def test_what_is_turned_down_to_the_end_is_counted_with_its_reason(humans):
    with FaultyEndpoint(Faults(refusal=1.0)) as server:
        result = mirror(files(humans), config(server, attempts=2))
    assert (result.n_open, result.summary.states) == (0, {"rejected": 8})
    assert (result.summary.final_rejections, result.summary.rejections) == ({"refusal": 8}, {"refusal": 16})
    assert rows(result.output) == []


def test_after_an_error_what_was_accepted_is_written(humans):
    def reply(headers, body):
        if not texts:
            return 401, {}, b'{"error": "wrong key"}'
        good = {"choices": [{"message": {"content": texts.pop()}, "finish_reason": "stop"}]}
        return 200, {}, json.dumps(good).encode()

    with FaultyEndpoint() as server:
        mirror(files(humans, "other.jsonl"), config(server))
    texts = [row["text"] for row in rows(humans.with_name("other.jsonl"))][:3]
    with FaultyEndpoint(reply=reply) as server, pytest.raises(EndpointError, match="Set OPENAI_API_KEY"):
        mirror(files(humans), config(server, concurrency=1))
    assert len(rows(files(humans).output)) == 3


def test_texts_by_models_are_passed_over(humans):
    humans.write_text(
        "".join(json.dumps(row | {"label": "ai" if i % 2 else "human"}) + "\n" for i, row in enumerate(make_parents(6)))
    )
    assert estimate_mirrors(files(humans), config()).n_parents == 3
    humans.write_text(humans.read_text().replace('"human"', '"ai"'))
    with pytest.raises(DataError, match="nothing to mirror"):
        estimate_mirrors(files(humans), config())


def test_of_long_texts_only_the_beginning_is_mirrored(humans):
    with FaultyEndpoint(n_words=30) as server:
        result = mirror(files(humans), config(server, max_words=30))
        assert result.summary.states["accepted"] == 8
    assert len(rows(result.output)[0]["text"].split()) < 42


def test_recorded_mirrors_are_put_beside_their_parents(humans):
    with FaultyEndpoint() as server:
        made = mirror(files(humans), config(server)).output
    left_out = rows(made)[0]["parent"]
    recorded = humans.with_name("recorded.jsonl")
    recorded.write_text("".join(made.read_text().splitlines(keepends=True)[1:]))
    use = mirror_config({"generator": "recorded", "recorded": str(recorded)})
    result = mirror(files(humans, "again.jsonl"), use)
    assert (result.summary.states, result.n_open) == ({"accepted": 7, "pending": 1}, 1)
    again = rows(result.output)
    assert left_out not in {row["parent"] for row in again}
    assert {row["text"] for row in again} < {row["text"] for row in rows(made)}
    assert {row["generator"] for row in again} == {"small"}
    with FaultyEndpoint() as server:  # another generator on the same store fills what was missing
        assert mirror(files(humans, "again.jsonl"), config(server)).n_open == 0
        assert len(server.log) == 1


def test_recorded_mirrors_need_their_file():
    with pytest.raises(ConfigError, match="Name one with --recorded"):
        estimate_mirrors(MirrorFiles([], None), mirror_config({"generator": "recorded"}))


def test_mirrors_are_written_for_examples_too(tmp_path):
    parents = [Example(row["id"], row["text"], "human", group=row["id"]) for row in make_parents(3)]
    with FaultyEndpoint() as server:
        made = write_mirrors(parents, tmp_path / "store.sqlite", config(server), is_quiet=True)
        assert write_mirrors(parents[:2], tmp_path / "store.sqlite", config(server), is_quiet=True) == made[:2]
    assert [(each.id, each.group, each.label) for each in made] == [(f"mirror:p{i}", f"p{i}", "ai") for i in range(3)]


def test_mirrors_for_examples_say_when_the_money_is_gone(tmp_path):
    parents = [Example(row["id"], row["text"], "human") for row in make_parents(3)]
    poor = {"max_cost": 0.0001, "price_in": ("1",), "price_out": ("1000",)}
    with FaultyEndpoint() as server, pytest.raises(EndpointError, match=r"max_cost is used up \(0\.0001 USD"):
        write_mirrors(parents, tmp_path / "store.sqlite", config(server, **poor), is_quiet=True)


def test_settings_that_cannot_be_are_all_named():
    with pytest.raises(ConfigError, match=r"(?s)temperature is -1.*modles is not a setting.*Did you mean models\?"):
        mirror_config({"modles": ("a",), "temperature": -1})


def test_a_proof_of_matching_lies_beside_the_mirrors_and_is_made_once(humans):
    humans.write_text("".join(json.dumps(row | {"language": "en"}) + "\n" for row in make_parents(60)))
    with FaultyEndpoint() as server:
        result = mirror(files(humans), config(server, proof="surface"))
        again = mirror(files(humans), config(server, proof="surface"))
    kept = json.loads(humans.with_name("mirrors.jsonl.proof.json").read_text())
    assert kept["mirrors_sha256"] == sha256_of(result.output)
    assert kept["matching"]["n_pairs"] == 60
    assert 0 <= kept["raw"]["auroc"]["low"] <= kept["raw"]["auroc"]["value"] <= 1
    assert kept["normalised"]["auroc"]["value"] is not None
    assert kept["matching"]["topic"] is None
    assert list(result.proof.warnings) == kept["warnings"] == result.to_dict()["warnings"]
    assert again.proof is None


@pytest.mark.parametrize(("n", "proof"), [(8, "full"), (60, "none")])
def test_nothing_is_proven_by_few_mirrors_or_where_nobody_wants_it(humans, n, proof):
    humans.write_text("".join(json.dumps(row | {"language": "en"}) + "\n" for row in make_parents(n)))
    with FaultyEndpoint() as server:
        assert mirror(files(humans), config(server, proof=proof)).proof is None
    assert not humans.with_name("mirrors.jsonl.proof.json").exists()
