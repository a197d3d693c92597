"""When a mining goes on, and when it is refused."""

import pytest

from tain.core.errors import ConfigError
from tain.core.files import write_json
from tain.recipes.mine.configuration import read_settings
from tain.recipes.mine.folder import MiningFolder

FILES = {"train.jsonl": "a", "pool.jsonl": "b"}


@pytest.fixture
def folder(tmp_path):
    return MiningFolder(tmp_path / "mined")


def settings(*pairs):
    return read_settings(None, settings=pairs).as_json()


def start(folder, *pairs, files=FILES, is_resumed=False, force=False, threads=1):
    folder.require_free(settings(*pairs), is_resumed=is_resumed, force=force)
    return folder.open(settings(*pairs), files, threads=threads, is_resumed=is_resumed)


def test_it_goes_on_with_the_threads_it_began_with(folder):
    assert start(folder, threads=3)["threads"] == 3
    assert start(folder, threads=1, is_resumed=True)["threads"] == 3


def test_a_mining_begun_before_a_setting_was_made_goes_on(folder):
    begun = start(folder)
    for name in ("guard", "learns"):
        del begun["settings"]["mining"][name]
    write_json(folder.path / "mining.json", begun)
    assert start(folder, is_resumed=True)["settings"] == settings()
    write_json(folder.path / "mining.json", begun)
    with pytest.raises(ConfigError, match=r"mining\.guard was \[\]"):
        start(folder, 'mining.guard=["essays.jsonl"]', is_resumed=True)


def test_more_rounds_and_patience_are_the_same_mining(folder):
    start(folder)
    begun = start(folder, "mining.n_rounds=9", "mining.patience=4", "mining.n_ask=5", is_resumed=True)
    assert begun["settings"]["mining"]["n_rounds"] == 9


@pytest.mark.parametrize("pair", ["mining.per_round=9", "training.lr=9", "seed=9", "mining.shares.mined=0.9"])
def test_other_settings_are_another_mining(folder, pair):
    start(folder)
    with pytest.raises(
        ConfigError, match=rf"begun with other settings: {pair.split('=')[0].replace('.shares.mined', '')}"
    ):
        start(folder, pair, is_resumed=True)


def test_other_data_is_another_mining(folder):
    start(folder)
    with pytest.raises(ConfigError, match=r"begun with other data: pool\.jsonl changed since"):
        start(folder, files={**FILES, "pool.jsonl": "c"}, is_resumed=True)


def test_what_is_there_is_kept_without_resume_or_force(folder):
    start(folder)
    (folder.path / "round-0").mkdir()
    with pytest.raises(ConfigError, match="Pass --resume to go on with it, --force to replace it"):
        start(folder)
    start(folder, "seed=4", force=True)
    assert not (folder.path / "round-0").exists()


def test_a_folder_of_something_else_is_never_replaced(folder):
    folder.path.mkdir()
    (folder.path / "mine.txt").write_text("keep me")
    for way in ({"force": True}, {"is_resumed": True}, {}):
        with pytest.raises(ConfigError, match="It holds no mining"):
            start(folder, **way)
    assert (folder.path / "mine.txt").read_text() == "keep me"


def test_a_start_that_fails_leaves_nothing_and_a_later_failure_everything(folder):
    start(folder)
    with pytest.raises(ValueError, match="bad file"), folder.removed_if_it_fails():
        raise ValueError("bad file")
    assert not folder.path.exists()
    start(folder)
    folder.texts.mkdir()
    with pytest.raises(ValueError, match="disk full"), folder.removed_if_it_fails():
        raise ValueError("disk full")
    assert folder.path.exists()


def test_what_a_killed_process_left_half_done_is_swept_away(folder):
    start(folder)
    for place in (folder.path, folder.round(1), folder.round(1, "random")):
        (place / ".added.x.part").mkdir(parents=True)
    start(folder, is_resumed=True)
    assert not list(folder.path.rglob(".*.part"))


def test_reviews_are_in_the_order_of_rounds(folder):
    for number in (10, 2, 1):
        folder.round(number).mkdir(parents=True)
        folder.review(number).write_text("")
    assert folder.reviews() == [folder.review(1), folder.review(2), folder.review(10)]
