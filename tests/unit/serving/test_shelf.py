"""What is in memory of a folder keeps to its bound, is loaded once, and is what the disk holds."""

import os
import threading
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tain.core.errors import DetectorError
from tain.serving.adapters.folder import AdapterFolder
from tain.serving.adapters.shelf import Shelf
from tain.serving.errors import Refusal

NAMES = ("a", "b", "c", "d", "e")


def _put(folder, name, text="1"):
    (folder / name).mkdir(exist_ok=True)
    (folder / name / "classifier.json").write_text(text)


@pytest.fixture
def folder(tmp_path):
    for name in NAMES:
        _put(tmp_path, name)
    return tmp_path


def _shelf(folder, sizes, *, max_bytes=100, opened=None):
    def open_one(name, place):
        if opened is not None:
            opened.append(name)
        return f"{name} {(place / 'classifier.json').read_text()}", sizes[name]

    return Shelf(AdapterFolder(folder), open_one, max_bytes=max_bytes)


@given(
    sizes=st.lists(st.integers(1, 120), min_size=5, max_size=5),
    asked=st.lists(st.sampled_from(NAMES), max_size=20),
)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_those_asked_for_last_stay_within_the_bound(folder, sizes, asked):
    own = dict(zip(NAMES, sizes, strict=True))
    shelf, expected = _shelf(folder, own), OrderedDict()
    for name in asked:
        found = shelf.load(name)
        if own[name] > 100:
            with pytest.raises(Refusal, match="more memory"):
                found.result()
            continue
        assert found.result() == f"{name} 1"
        expected.pop(name, None)
        while sum(expected.values()) + own[name] > 100:
            expected.popitem(last=False)
        expected[name] = own[name]
        assert list(shelf.loaded) == list(expected)
        assert shelf.n_bytes == sum(expected.values()) <= 100
    shelf.close()


def test_many_threads_that_ask_for_one_model_load_it_once(folder):
    opened = []
    shelf = _shelf(folder, dict.fromkeys(NAMES, 1), opened=opened)
    start = threading.Barrier(8)

    def ask(name):
        start.wait()
        return shelf.at_hand(name) or shelf.load(name).result()

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(ask, ["a"] * 8)) == {"a 1"}
    assert opened == ["a"]


def test_a_model_written_anew_with_the_size_and_times_of_the_old_is_loaded_anew(folder):
    shelf = _shelf(folder, dict.fromkeys(NAMES, 1))
    assert shelf.load("a").result() == "a 1"
    file = folder / "a" / "classifier.json"
    times = file.stat().st_atime_ns, file.stat().st_mtime_ns
    file.write_text("2")
    os.utime(file, ns=times)
    assert shelf.at_hand("a") is None
    assert shelf.load("a").result() == "a 2"


def test_what_cannot_be_loaded_says_the_same_again_without_being_read(folder):
    opened = []
    shelf = _shelf(folder, {}, opened=opened)  # no size: a defect of the model
    for _ in range(3):
        with pytest.raises(DetectorError):
            shelf.load("a").result()
    assert opened == ["a"]
    _put(folder, "a", "mended")
    with pytest.raises(DetectorError):
        shelf.load("a").result()
    assert opened == ["a", "a"]


@pytest.mark.parametrize("name", ["", ".", "..", ".a", "a/", "../a", "/a", "a\\b", "a\0", "x" * 300, "\ud800", "none"])
def test_a_name_that_is_no_subfolder_is_no_place(folder, name):
    shelf = _shelf(folder / "a" if name == "../a" else folder, {})
    assert shelf.folder.place(name) is None
    with pytest.raises(Refusal, match="no model named"):
        shelf.load(name).result()


def test_a_file_taken_away_is_forgotten(folder):
    shelf = _shelf(folder, dict.fromkeys(NAMES, 1))
    shelf.load("a").result()
    shelf.load("b").result()
    (folder / "a" / "classifier.json").unlink()
    shelf.forget_absent()
    assert list(shelf.loaded) == ["b"]
    assert shelf.folder.names() == ["b", "c", "d", "e"]
