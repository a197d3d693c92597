"""`/v1/check` says what `Detector.check` says, for one text and for many at once."""

import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from tests.detector_fixtures import made_up_texts

GATE = {"label": "human", "target_fpr": 0.05}
OWN = ("prediction_short", "fraction_ai", "fraction_human")


@pytest.fixture(scope="module")
def texts():
    made = [*made_up_texts(4, seed=21, high=300), *made_up_texts(4, seed=22, ai=True, high=300)]
    return [*made, "w1 w2 w3", "", "\r\n\t«é́» 🙂🏽 שלום \u202eabc\u202c\r\n" + made[0].replace(". ", ".\r\n\r\n")]


def _check(client, **body):
    answer = client.post("/v1/check", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


def _plain(verdict):
    fields = verdict.to_dict()
    del fields["model"], fields["caveat"]
    return fields | {name: list(fields[name]) for name in ("windows", "warnings")}


def test_verdicts_are_those_of_the_detector_alone(client, detector, texts):
    found = _check(client, text=texts)["verdicts"]
    expected = [_plain(detector.check(text)) for text in texts]
    assert [{k: v for k, v in verdict.items() if k not in OWN} for verdict in found] == expected


def test_scores_do_not_depend_on_who_else_asks(client, texts):
    alone = [_check(client, text=text)["verdicts"][0] for text in texts]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda text: _check(client, text=text)["verdicts"][0], texts * 3))
    assert together == alone * 3


def test_windows_lie_in_the_text_as_it_was_sent(client, texts):
    for text, verdict in zip(texts, _check(client, text=texts)["verdicts"], strict=True):
        assert [text[w["start_index"] : w["end_index"]] for w in verdict["windows"]] == [
            w["text"] for w in verdict["windows"]
        ]
        if verdict["windows"]:
            assert verdict["n_windows"] == len(verdict["windows"])
            assert 0 <= verdict["fraction_ai"] <= 1
            assert verdict["fraction_ai"] + verdict["fraction_human"] == pytest.approx(1)


def test_windows_are_left_out_where_they_are_not_wanted(client, texts):
    with_windows, without = (_check(client, text=texts[0], windows=wanted)["verdicts"][0] for wanted in (True, False))
    assert with_windows["windows"]
    assert without == with_windows | {"windows": []}


def test_too_little_text_is_said_plainly_and_spoils_no_other(client, texts):
    short, long = _check(client, text=["w1 w2 w3", texts[0]])["verdicts"]
    assert short["label"] == "too_short"
    assert short["prediction_short"] == "Not enough text"
    assert (short["score"], short["probability"], short["evidence"], short["fraction_ai"]) == (None,) * 4
    assert "3 words; 50 or more are needed" in short["probability_reason"]
    assert long["label"] in ("human", "ai")


def test_the_operating_point_and_the_prior_are_the_requests(client, detector, texts):
    [verdict] = _check(client, text=texts[4], target_fpr=0.05, prior=0.01)["verdicts"]
    expected = detector.check(texts[4], target_fpr=0.05, prior=0.01)
    assert (verdict["target_fpr"], verdict["threshold"]) == (0.05, expected.threshold)
    assert verdict["probability"] == expected.probability < detector.check(texts[4]).probability


def test_the_answer_says_who_gave_it(client, detector, texts):
    answer = _check(client, text=texts[0])
    assert (answer["model"], answer["version"], answer["model_sha"]) == (
        detector.model.name,
        detector.model.version,
        detector.model.sha256,
    )
    assert "never a verdict on a person" in answer["caveat"]


@pytest.mark.parametrize(
    "name", ["..", "../detector", "/etc/passwd", "{folder}", "detector/", "detector\x00", "%2e%2e"]
)
def test_a_name_of_a_model_opens_no_folder(client, detector_folder, name):
    name = name.format(folder=detector_folder)
    answers = [
        client.post("/v1/check", json={"text": "w1", "model": name}),
        client.post("/v1/classify", json={"input": "w1", "model": name}),
        client.post("/v1/check/file", files={"file": ("a.txt", b"w1")}, data={"model": name}),
        client.post("/v1/jobs", files={"file": ("a.jsonl", b"{}")}, data={"model": name}),
        client.post("/v1/filter", json={"candidates": ["w1"], "gates": [GATE | {"model": name}]}),
        client.get("/report", params={"model": name}),
    ]
    assert [answer.status_code for answer in answers] == [404] * 6


@pytest.mark.parametrize(
    ("body", "status", "told"),
    [
        ({"text": "x", "target_fpr": 0.0001}, 422, "needs 29,956|needs [0-9,]+ human texts"),
        ({"text": "x", "target_fpr": 5e-324}, 422, "needs 1,000,000,000,000,000 human texts"),
        ({"text": "x", "target_fpr": 1}, 422, "target_fpr"),
        ({"text": "x", "prior": 0}, 422, "prior"),
        ({"text": "x", "fpr": 0.05}, 422, "fpr: Extra inputs are not permitted"),
        ({"text": []}, 400, "no text"),
        ({"text": ["x"] * 33}, 413, "33 texts; at most 32"),
        ({"text": "x", "model": "gpt"}, 404, "no model named 'gpt'. There are: detector, news"),
        ({"text": "x", "model": "news"}, 422, "no operating points"),
        ({}, 422, "text: Field required"),
    ],
)
def test_what_cannot_be_answered_is_refused_with_its_reason(client, body, status, told):
    answer = client.post("/v1/check", json=body)
    assert answer.status_code == status
    assert re.search(told, answer.json()["error"])
