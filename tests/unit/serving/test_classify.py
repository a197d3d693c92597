"""The shapes of other servers: their clients work as they are, and get labels that keep the stated rate."""

import numpy as np
import pytest
from tests.detector_fixtures import made_up_texts

from tain.corpora.normalise import LATEST, get_normaliser
from tain.serving.served import open_models
from tain.training.classifier import load_classifier


@pytest.fixture(scope="module")
def texts():
    made = [*made_up_texts(5, seed=31, high=200), *made_up_texts(5, seed=32, ai=True, high=200)]
    return [*made, *(" ".join(f"w{20 + (i * step) % 20}" for i in range(120)) for step in (1, 3, 7))]


def _post(client, path, body, status=200):
    answer = client.post(path, json=body)
    assert answer.status_code == status, answer.text
    return answer.json()


def test_one_text_at_predict_is_a_list_of_labels_and_at_the_root_a_list_of_that(client, texts):
    flat = _post(client, "/predict", {"inputs": texts[0]})
    assert {each["label"] for each in flat} == {"human", "ai"}
    assert _post(client, "/", {"inputs": texts[0]}) == [flat]
    assert _post(client, "/predict", {"inputs": [texts[0]]}) == flat
    assert _post(client, "/predict", {"inputs": [[texts[0]]]}) == [flat]


def test_a_batch_is_a_list_of_lists_at_predict_and_of_strings_at_the_root(client, texts):
    alone = [_post(client, "/predict", {"inputs": text}) for text in texts]
    assert _post(client, "/predict", {"inputs": [[text] for text in texts]}) == alone
    assert _post(client, "/", {"inputs": texts}) == alone


def test_two_strings_are_a_pair_at_predict_and_pairs_are_refused(client, texts):
    for inputs in (texts[:2], [texts[:2]], [texts[:2], texts[:2]]):
        assert "pair" in _post(client, "/predict", {"inputs": inputs}, 422)["error"]


def test_the_first_label_is_the_one_at_the_operating_point(client, detector, texts):
    expected = [detector.check(text).label for text in texts]
    assert {"human", "ai"} == set(expected)
    assert [each[0]["label"] for each in _post(client, "/", {"inputs": texts})] == expected
    data = _post(client, "/v1/classify", {"input": texts})["data"]
    assert [each["label"] for each in data] == expected
    raw = _post(client, "/v1/classify", {"input": texts, "use_activation": False})["data"]
    assert [each["label"] for each in raw] == expected


def test_the_probability_is_the_calibrated_one_at_the_even_prior_of_info(client, detector, texts):
    prior = client.get("/info").json()["operating_point"]["even_prior"]
    for text, found in zip(texts, _post(client, "/", {"inputs": texts}), strict=True):
        p_ai = {each["label"]: each["score"] for each in found}["ai"]
        assert p_ai == pytest.approx(detector.check(text, prior=prior).probability, abs=1e-9)


def test_a_score_on_the_threshold_is_human(detector_folder):
    model = next(iter(open_models([detector_folder]).values()))
    [reading] = model.detector.reader.read(made_up_texts(1, seed=5))
    object.__setattr__(reading, "score", model.detector.point().threshold)
    assert model.class_scores(reading, "softmax").tolist() == [0.5, 0.5]
    assert model.labels[int(model.class_scores(reading, "softmax").argmax())] == "human"


@pytest.mark.parametrize("asked", [{"raw_scores": True}, {"parameters": {"function_to_apply": "none"}}])
def test_raw_scores_are_those_of_tain_score(client, detector, texts, asked):
    found = _post(client, "/predict", {"inputs": texts[0], **asked})
    score = detector.check(texts[0]).score
    assert {each["label"]: each["score"] for each in found} == {"ai": score, "human": -score}
    assert found[0]["score"] == abs(score)


def test_top_k_gives_the_highest_and_no_more_than_there_are(client, texts):
    every = _post(client, "/predict", {"inputs": texts[0]})
    for k in (1, 2, 9):
        assert _post(client, "/predict", {"inputs": texts[0], "parameters": {"top_k": k}}) == every[:k]
    assert "top_k" in _post(client, "/predict", {"inputs": texts[0], "parameters": {"top_k": 0}}, 422)["error"]


def test_fields_of_other_servers_are_passed_over(client, texts):
    body = {"inputs": texts[0], "options": {"wait_for_model": True}, "parameters": {"top_k": None, "padding": True}}
    assert _post(client, "/predict", body) == _post(client, "/predict", {"inputs": texts[0]})
    _post(client, "/classify", {"input": texts[0], "priority": 0, "user": "me"})


def test_nothing_is_cut_unless_it_is_asked_for(client, app, texts, monkeypatch):
    # A window of this network is shorter than the texts it may answer.
    detector = app.state.service.models["detector"].detector
    monkeypatch.setattr(detector.reader, "min_words", 5)
    text = max(texts, key=len)
    whole = detector.check(text)
    assert whole.n_windows > 1
    scores = {}
    for side in ("Right", "Left"):
        body = {"inputs": text, "truncate": True, "truncation_direction": side, "raw_scores": True}
        scores[side] = {each["label"]: each["score"] for each in _post(client, "/predict", body)}["ai"]
    raw = _post(client, "/predict", {"inputs": text, "raw_scores": True})
    assert {each["label"]: each["score"] for each in raw}["ai"] == whole.score
    assert len({whole.score, *scores.values()}) == 3


def test_too_short_has_no_place_in_these_shapes_and_is_refused_by_number(client, texts):
    for path, body in (("/", {"inputs": [texts[0], "w1 w2"]}), ("/classify", {"input": [texts[0], "w1 w2"]})):
        answer = _post(client, path, body, 422)
        assert answer["error_type"] == "too_short"
        assert answer["error"].startswith("Not enough text in 1 (counted from 0)")


def test_vllm_gets_its_list_with_usage(client, detector, texts):
    answer = _post(client, "/v1/classify", {"model": "detector", "input": texts[:2]})
    assert (answer["object"], answer["model"], answer["id"][:9]) == ("list", "detector", "classify-")
    assert [each["index"] for each in answer["data"]] == [0, 1]
    assert all(each["num_classes"] == 2 and sum(each["probs"]) == pytest.approx(1) for each in answer["data"])
    n_tokens = sum(len(w.token_ids) for cut in detector.reader.cut(texts[:2]) for w in cut.windows)
    assert answer["usage"] == {"prompt_tokens": n_tokens, "total_tokens": n_tokens, "completion_tokens": 0}
    assert _post(client, "/classify", {"input": texts[0]})["data"] == answer["data"][:1]


def test_a_classifier_with_other_labels_answers_as_it_does_alone(client, classifier_folder):
    texts = [" ".join(text.split()[:40]) for text in made_up_texts(6, seed=33)]
    alone = load_classifier(classifier_folder / "model")
    normaliser = get_normaliser(LATEST)
    logits = alone.logits(alone.token_ids([normaliser.normalise(text).text for text in texts])).astype(float)
    raw = _post(client, "/classify", {"model": "news", "input": texts, "use_activation": False})["data"]
    np.testing.assert_allclose([each["probs"] for each in raw], logits, atol=1e-5)
    found = _post(client, "/classify", {"model": "news", "input": texts})["data"]
    odds = np.exp(logits)
    np.testing.assert_allclose([each["probs"] for each in found], odds / odds.sum(1, keepdims=True), atol=1e-6)
    assert [each["label"] for each in found] == [("sport", "world", "science")[i] for i in logits.argmax(1)]


def test_a_classifier_refuses_what_it_cannot_read_at_once_and_cuts_only_when_told(client):
    text = made_up_texts(1, seed=34, low=90)[0]
    answer = _post(client, "/classify", {"model": "news", "input": text}, 422)
    assert "reads 64 tokens at once; text 0 has" in answer["error"]
    _post(client, "/classify", {"model": "news", "input": text, "truncate": True})


def test_the_models_are_listed_as_openai_does(client, detector):
    answer = client.get("/v1/models").json()
    assert answer["object"] == "list"
    assert [(m["id"], m["object"], m["labels"], m["can_check"]) for m in answer["data"]] == [
        ("detector", "model", ["human", "ai"], True),
        ("news", "model", ["sport", "world", "science"], False),
    ]
    assert answer["data"][0]["model_sha"] == detector.model.sha256


def test_two_models_of_one_name_are_refused(detector_folder):
    from tain.core.errors import ConfigError

    with pytest.raises(ConfigError, match="a model named 'detector' already"):
        open_models([detector_folder, detector_folder])
