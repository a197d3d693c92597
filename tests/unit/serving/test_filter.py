"""`/v1/filter` passes on what every gate lets through, the one with the widest margin first."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.detector_fixtures import made_up_texts

from tain.serving.gates import candidate, ranked
from tain.serving.shapes.filter import Gate, GateResult

HUMAN = {"model": "detector", "label": "human", "target_fpr": 0.05}


@pytest.fixture(scope="module")
def texts():
    made = [*made_up_texts(5, seed=61, low=50, high=60), *made_up_texts(5, seed=62, ai=True, low=50, high=60)]
    return [made[i] for i in (0, 5, 1, 6, 2, 7, 3, 8, 4, 9)]


def _filter(client, status=200, **body):
    answer = client.post("/v1/filter", json=body)
    assert answer.status_code == status, answer.text
    return answer.json()


def _indices(candidates):
    return [each["index"] for each in candidates]


def test_a_detector_passes_what_its_check_does_not_flag(client, detector, texts):
    for rate in (0.05, 0.01):
        labels = [detector.check(text, target_fpr=rate).label for text in texts]
        for label in ("human", "ai"):
            found = _filter(client, candidates=texts, gates=[HUMAN | {"label": label, "target_fpr": rate}])
            expected = {i for i, own in enumerate(labels) if own == label}
            assert set(_indices(found["passed"])) == expected
            assert _indices(found["dropped"]) == sorted(set(range(len(texts))) - expected)
            assert found["n_passed"] == len(expected)


def test_the_numbers_of_a_detectors_gate_are_those_of_check(client, detector, texts):
    gate = {"model": "detector", "label": "ai", "min_probability": 0.5, "prior": 0.2}
    found = _filter(client, candidates=texts, gates=[gate])
    for each in [*found["passed"], *found["dropped"]]:
        [numbers] = each["gates"]
        verdict = detector.check(texts[each["index"]], prior=0.2)
        assert (numbers["score"], numbers["probability"]) == (verdict.score, verdict.probability)
        assert each["passed"] == (verdict.probability >= 0.5)


def test_a_classifiers_gate_has_the_probability_of_classify(client, texts):
    expected = client.post("/v1/classify", json={"model": "news", "input": texts, "truncate": True}).json()["data"]
    gate = {"model": "news", "label": "world", "min_probability": 0.3, "truncate": True}
    found = _filter(client, candidates=texts, gates=[gate])
    for each in [*found["passed"], *found["dropped"]]:
        probability = expected[each["index"]]["probs"][1]
        assert each["gates"][0]["probability"] == pytest.approx(probability, abs=1e-6)
        assert each["passed"] == (probability >= 0.3)


def test_only_what_passes_every_gate_comes_out_and_the_weakest_gate_ranks_it(client, texts):
    gates = [HUMAN, {"model": "news", "label": "sport", "min_probability": 0.01, "truncate": True}]
    found = _filter(client, candidates=texts, gates=gates)
    alone = [set(_indices(_filter(client, candidates=texts, gates=[gate])["passed"])) for gate in gates]
    assert set(_indices(found["passed"])) == alone[0] & alone[1]
    margins = [each["margin"] for each in found["passed"]]
    assert margins == sorted(margins, reverse=True)
    assert all(each["margin"] == min(g["margin"] for g in each["gates"]) for each in found["passed"])
    assert all(any(g["outcome"] == "failed" for g in each["gates"]) for each in found["dropped"])


def test_top_k_keeps_the_best_and_says_how_many_passed(client, texts):
    every = _filter(client, candidates=texts, gates=[HUMAN])
    best = _filter(client, candidates=texts, gates=[HUMAN], top_k=1)
    assert best["passed"] == every["passed"][:1]
    assert best["n_passed"] == every["n_passed"] > 1


def test_equal_candidates_stay_in_the_order_sent(client, texts):
    found = _filter(client, candidates=[texts[0]] * 4, gates=[HUMAN])
    assert _indices([*found["passed"], *found["dropped"]]) == [0, 1, 2, 3]


@pytest.mark.parametrize("text", ["w1 w2 w3", "", " \n"])
def test_too_little_text_passes_or_drops_as_the_gate_says(client, texts, text):
    dropped = _filter(client, candidates=[text], gates=[HUMAN])["dropped"]
    assert [(g["outcome"], g["margin"], g["score"]) for g in dropped[0]["gates"]] == [("too_short", None, None)]
    found = _filter(client, candidates=[text, texts[0], texts[2]], gates=[HUMAN | {"too_short": "pass"}])
    assert _indices(found["passed"])[-1] == 0  # behind all that really passed
    assert found["passed"][-1]["margin"] == 0


def test_an_empty_candidate_is_no_answer_for_a_classifier_either(client):
    found = _filter(client, candidates=[""], gates=[{"model": "news", "label": "sport", "min_probability": 0.01}])
    assert found["dropped"][0]["gates"][0]["outcome"] == "too_short"


def test_a_gate_may_read_the_prompt_too(client, texts):
    gate = {"model": "news", "label": "sport", "min_probability": 0.5, "truncate": True}
    short = [" ".join(text.split()[:10]) for text in texts[:3]]
    alone = _filter(client, candidates=short, gates=[gate], prompt="w9 w8 w7")
    with_prompt = _filter(client, candidates=short, gates=[gate | {"reads": "prompt_and_answer"}], prompt="w9 w8 w7")
    joined = _filter(client, candidates=[f"w9 w8 w7\n\n{text}" for text in short], gates=[gate])

    def numbers(found):
        return {e["index"]: e["gates"][0]["probability"] for e in [*found["passed"], *found["dropped"]]}

    assert numbers(with_prompt) == numbers(joined) != numbers(alone)


@pytest.mark.parametrize(
    ("change", "status", "told"),
    [
        ({"model": "gpt"}, 404, "no model named 'gpt'"),
        ({"label": "sport"}, 422, "no label 'sport'. It has: human, ai"),
        ({"target_fpr": 0.00001}, 422, "human texts"),
        ({"min_probability": 0.5}, 422, "either min_probability or target_fpr"),
        ({"target_fpr": None}, 422, "either min_probability or target_fpr"),
        ({"reads": "prompt_and_answer"}, 422, "there is none"),
        ({"model": "news", "label": "sport"}, 422, "without operating points"),
        ({"fpr": 0.1}, 422, "Extra inputs"),
    ],
)
def test_a_gate_that_cannot_be_is_refused_with_its_reason(client, texts, change, status, told):
    assert told in _filter(client, status, candidates=texts[:1], gates=[HUMAN | change])["error"]


def test_a_detector_reads_the_answer_alone(client, texts):
    gate = HUMAN | {"reads": "prompt_and_answer"}
    assert "the answer alone" in _filter(client, 422, candidates=texts[:1], gates=[gate], prompt="x")["error"]


def test_sizes_are_bounded(client, texts):
    assert _filter(client, 400, candidates=[], gates=[HUMAN])["error_type"] == "empty"
    assert "33 texts" in _filter(client, 413, candidates=["x"] * 33, gates=[HUMAN])["error"]
    assert "gates" in _filter(client, 422, candidates=texts, gates=[])["error"]
    assert "gates" in _filter(client, 422, candidates=texts, gates=[HUMAN] * 9)["error"]


def test_what_the_same_model_reads_it_reads_once(client, app, texts, monkeypatch):
    kind, seen = type(app.state.service.models["detector"]), []
    prepare = kind.prepare
    monkeypatch.setattr(kind, "prepare", lambda self, own, **more: seen.append(own) or prepare(self, own, **more))
    _filter(client, candidates=texts, gates=[HUMAN, HUMAN | {"target_fpr": 0.01}, HUMAN | {"label": "ai"}])
    assert len(seen) == 1


MARGINS = st.lists(st.lists(st.none() | st.floats(-9, 9), min_size=2, max_size=2), max_size=8)


@given(MARGINS)
def test_ranking_keeps_all_that_passed_and_is_stable(rows):
    gates = [Gate(label="human", min_probability=0.5, too_short="pass") for _ in range(2)]
    made = [candidate(i, "", gates, [_result(margin) for margin in row]) for i, row in enumerate(rows)]
    order = ranked(made)
    assert {each.index for each in order} == {i for i, row in enumerate(rows) if all(m is None or m >= 0 for m in row)}
    keys = [(each.margin, sum(g.margin or 0 for g in each.gates), -each.index) for each in order]
    assert keys == sorted(keys, reverse=True)


def _result(margin):
    outcome = "too_short" if margin is None else "passed" if margin >= 0 else "failed"
    score = None if margin is None else np.float64(margin)
    return GateResult(gate=0, model="m", label="human", outcome=outcome, probability=None, score=score, margin=margin)
