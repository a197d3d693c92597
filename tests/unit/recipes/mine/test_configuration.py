"""Settings of a mining: a file, then --set, then flags, and every mistake told."""

import pytest

from tain.core.errors import ConfigError
from tain.recipes.mine.configuration import read_settings

FILE = """
name = "letters"
method = { kind = "lora", rank = 8 }
[training]
lr = 2e-4
[mining]
per_round = 50
shares = { mined = 0.4, calibration = 0.3, control = 0.2, measurement = 0.1 }
[mining.writer]
models = ["one=0.5", "two=0.5"]
"""


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "run.toml"
    path.write_text(FILE)
    return path


def test_flags_win_over_set_and_set_over_the_file(file):
    settings = read_settings(
        file,
        settings=["training.lr=1e-3", "mining.per_round=60", "mining.shares.mined=0.5", "base=other"],
        flags={"mining.per_round": 70, "mining.mirrors": None, "seed": 3},
    )
    assert (settings.run.name, settings.run.training.lr, settings.run.seed) == ("letters", 1e-3, 3)
    assert settings.run.method == {"kind": "lora", "rank": 8}
    assert settings.run.base == "other"
    assert settings.mining.per_round == 70
    assert settings.mining.shares["mined"] == 0.5
    assert settings.mining.mirrors == "nearest"
    assert settings.mining.writer == {"models": ["one=0.5", "two=0.5"]}


def test_texts_are_mined_above_the_operating_point_unless_told_otherwise():
    assert read_settings(None).mining.floor_fpr == 0.01
    assert read_settings(None, settings=["mining.mine_fpr=0.05"]).mining.floor_fpr == 0.05


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("mining.per_rond=5", r"mining.per_rond is not a setting.*Did you mean per_round\?"),
        ("mining.alpha=2", "mining.alpha is 2: Input should be less than or equal to 1"),
        ("mining.mirrors=magic", "mining.mirrors is 'magic'"),
        ("training.lrr=1", "lrr is not a setting"),
        ("mining.alpha", "has no '='"),
    ],
)
def test_what_cannot_be_is_told(setting, message):
    with pytest.raises(ConfigError, match=message):
        read_settings(None, settings=[setting])


def test_a_file_that_is_no_toml_is_named(tmp_path):
    (tmp_path / "bad.toml").write_text("name = ")
    with pytest.raises(ConfigError, match=r"bad\.toml: cannot be read as TOML"):
        read_settings(tmp_path / "bad.toml")
