"""Files of settings that cannot be read."""

import pytest

from tain.core.errors import ConfigError
from tain.recipes.configuration import read_config
from tain.recipes.mine.configuration import read_settings
from tain.recipes.studies.kinds import read_study
from tain.recipes.toml_file import read_toml


@pytest.mark.parametrize("read", [read_config, read_settings, read_study])
def test_a_file_that_is_not_there_is_told_as_such(tmp_path, read):
    with pytest.raises(ConfigError, match=r"gone\.toml: there is no such file\. .*check the path, which is taken from"):
        read(tmp_path / "gone.toml")


@pytest.mark.parametrize("content", [b"name = ", b"name = '\xff'"])
def test_what_is_no_toml_says_why(tmp_path, content):
    (tmp_path / "bad.toml").write_bytes(content)
    with pytest.raises(ConfigError, match=r"here: cannot be read as TOML \("):
        read_toml(tmp_path / "bad.toml", where="here")
