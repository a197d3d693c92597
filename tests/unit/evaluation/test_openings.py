import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from tain.core.errors import DataError
from tain.core.example import Corpus, Example
from tain.evaluation import openings
from tain.evaluation.bundle import load_bundle, write_bundle
from tain.evaluation.openings import open_bundle, read_ledger
from tain.evaluation.protocol import Protocol


@pytest.fixture
def bundle(tmp_path):
    corpus = Corpus((Example("a", "A text.", "human"), Example("b", "Another.", "ai")))
    return write_bundle(tmp_path / "set", corpus, Protocol(name="essays"))


def test_the_first_opening_is_counted_and_dated(bundle):
    found = open_bundle(
        bundle, detector_sha256="d" * 64, run_name="lora", commit="abc", date="2025-11-21T10:00:00+00:00"
    )
    assert found.n_times == found.n_openings == found.n_detectors == 1
    assert found.warning is None
    assert found.provenance == {
        "bundle": "essays",
        "bundle sha256": bundle.sha256,
        "bundle opened": "opened once by this detector, once in all",
        "commit": "abc",
    }
    (entry,) = read_ledger(bundle)
    assert (entry.run_name, entry.commit, entry.date) == ("lora", "abc", "2025-11-21T10:00:00+00:00")


def test_a_second_opening_by_the_same_detector_is_told_and_counted(bundle):
    open_bundle(bundle, detector_sha256="d1", run_name="lora")
    open_bundle(bundle, detector_sha256="d2", run_name="full")
    found = open_bundle(bundle, detector_sha256="d1", run_name="lora again")
    assert (found.n_times, found.n_openings, found.n_detectors) == (2, 3, 2)
    assert found.sentence == "opened 2 times by this detector, 3 times in all"
    assert found.warning.startswith("essays was opened 2 times by this detector. Report the first result")
    assert "commit" not in found.provenance
    assert found.entry.date.endswith("+00:00")


def test_opening_changes_nothing_that_was_frozen(bundle):
    open_bundle(bundle, detector_sha256="d1", run_name="lora")
    assert load_bundle(bundle.path) == bundle


def test_no_entry_is_lost_when_many_open_at_once(bundle):
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda i: open_bundle(bundle, detector_sha256=f"d{i}", run_name=str(i)), range(12)))
    assert sorted(int(entry.run_name) for entry in read_ledger(bundle)) == list(range(12))


def test_a_ledger_of_another_bundle_is_refused(bundle, tmp_path):
    other = write_bundle(tmp_path / "other", Corpus((Example("z", "Text.", "ai"),)), Protocol(name="other"))
    open_bundle(other, detector_sha256="d1", run_name="lora")
    (bundle.path / "opened.json").write_bytes((other.path / "opened.json").read_bytes())
    with pytest.raises(DataError, match=r"opened\.json: belongs to another bundle"):
        open_bundle(bundle, detector_sha256="d1", run_name="lora")


@pytest.mark.parametrize("content", ["[]", "{}", '{"bundle_sha256": "x", "entries": [{"who": "me"}]}'])
def test_a_damaged_ledger_is_not_written_over(bundle, content):
    (bundle.path / "opened.json").write_text(content)
    with pytest.raises(DataError, match=r"opened\.json: is no ledger of a bundle"):
        open_bundle(bundle, detector_sha256="d1", run_name="lora")
    assert json.loads((bundle.path / "opened.json").read_text()) == json.loads(content)


def test_a_bundle_that_cannot_be_written_to_is_not_opened(bundle, monkeypatch):
    def refuse(path, value):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(openings, "write_json", refuse)
    with pytest.raises(
        DataError, match=r"cannot be written \(Permission denied\), and no bundle is opened without a line"
    ):
        open_bundle(bundle, detector_sha256="d1", run_name="lora")
