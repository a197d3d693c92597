import json

import pytest

from tain.core.errors import ConfigError, DataError
from tain.evaluation.protocol import Protocol, make_protocol, read_protocol


def test_a_name_is_enough(tmp_path):
    (tmp_path / "p.json").write_text('{"name": "essays"}')
    found = read_protocol(tmp_path / "p.json")
    assert found.name == "essays"
    assert found.target_fprs == (0.05, 0.01, 0.005, 0.001)
    assert found.may_be_tuned == "nothing"


def test_a_protocol_survives_its_file(tmp_path):
    given = Protocol(
        name="x", target_fprs=(0.02,), min_words=25, normaliser=1, pools="source", slices=("date",), seed=3
    )
    (tmp_path / "p.json").write_text(json.dumps(given.model_dump(mode="json")))
    assert read_protocol(tmp_path / "p.json") == given


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({}, "name: Field required"),
        ({"name": ""}, "name: String should have at least 1 character"),
        ({"name": "x", "target_fprs": [5]}, r"target_fprs\.0: Input should be less than 1"),
        ({"name": "x", "target_fprs": []}, "target_fprs: "),
        ({"name": "x", "min_word": 3}, "min_word: Extra inputs are not permitted"),
        ({"name": "x", "pools": "topic"}, "pools: Input should be 'source', 'domain'"),
        ({"name": "x", "may_be_tuned": "the threshold"}, "may_be_tuned: Input should be 'nothing'"),
        (["x"], "it: Input should be a valid dictionary"),
    ],
)
def test_a_field_that_will_not_do_is_named_with_those_there_are(values, reason):
    with pytest.raises(ConfigError, match=rf"p\.json is no protocol: .*{reason}.* Its fields are format, name, descr"):
        make_protocol(values, where="p.json")


def test_two_faults_are_told_at_once():
    with pytest.raises(ConfigError, match="seed: .*; n_draws: |n_draws: .*; seed: "):
        make_protocol({"name": "x", "seed": -1, "n_draws": 1}, where="p.json")


def test_a_file_that_is_no_json_is_named(tmp_path):
    (tmp_path / "p.json").write_text("name: essays")
    with pytest.raises(DataError, match=r"p\.json: cannot be read as JSON"):
        read_protocol(tmp_path / "p.json")
