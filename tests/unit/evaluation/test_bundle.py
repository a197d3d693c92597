import json

import polars as pl
import pytest

from tain.core.errors import DataError
from tain.core.example import Corpus, Example, LabelSet
from tain.evaluation.bundle import is_bundle, load_bundle, write_bundle
from tain.evaluation.protocol import Protocol

PROTOCOL = Protocol(name="essays 2025", min_words=3, target_fprs=(0.05, 0.01))
CORPUS = Corpus(
    (
        Example("a", "Three words here.", "human", "g1", source="s", domain="essay", date="2019"),
        Example("b", "Three other words.", "ai", "g1", domain="essay", generator="gpt4", language="en"),
        Example("c", 'Ünïcode\nand "quotes", too.', "ai", "g2", licence="MIT"),
    )
)


@pytest.fixture
def folder(tmp_path):
    write_bundle(tmp_path / "set", CORPUS, PROTOCOL, more_slices={"attack": ["none", None, "homoglyph"]}, n_left_out=4)
    return tmp_path / "set"


def test_what_was_frozen_comes_back_as_it_was(folder):
    found = load_bundle(folder)
    corpus = found.corpus()
    assert corpus == CORPUS
    assert corpus.sha256 == CORPUS.sha256
    assert found.protocol == PROTOCOL
    assert found.more_slices() == {"attack": ["none", None, "homoglyph"]}
    assert found.counts == {"human": 1, "ai": 2, "left out": 4}
    assert is_bundle(folder)
    assert sorted(file.name for file in folder.iterdir()) == ["bundle.json", "data.parquet", "protocol.json"]


def test_two_freezings_of_the_same_texts_hold_the_same_corpus(folder, tmp_path):
    again = write_bundle(tmp_path / "again", CORPUS, PROTOCOL)
    assert again.corpus_sha256 == load_bundle(folder).corpus_sha256
    other = write_bundle(tmp_path / "other", CORPUS.select([True, True, False]), PROTOCOL)
    assert other.sha256 != again.sha256


def test_a_changed_text_is_noticed_and_its_file_named(folder):
    frame = pl.read_parquet(folder / "data.parquet")
    frame.with_columns(pl.lit("ai").alias("label")).write_parquet(folder / "data.parquet")
    with pytest.raises(
        DataError, match=r"set: not as it was frozen: data\.parquet was changed \(sha256 \w{12}…, expected"
    ):
        load_bundle(folder)


def test_a_changed_protocol_is_noticed(folder):
    file = folder / "protocol.json"
    file.write_text(file.read_text().replace("0.01", "0.5"))
    with pytest.raises(DataError, match=r"not as it was frozen: protocol\.json was changed"):
        load_bundle(folder)


def test_a_record_that_was_mended_to_fit_is_noticed(folder):
    record = json.loads((folder / "bundle.json").read_text())
    record["counts"]["human"] = 300
    (folder / "bundle.json").write_text(json.dumps(record))
    with pytest.raises(DataError, match=r"not as it was frozen: bundle\.json was changed"):
        load_bundle(folder)


def test_a_missing_file_is_named(folder):
    (folder / "data.parquet").unlink()
    with pytest.raises(DataError, match=r"data\.parquet is missing"):
        load_bundle(folder)


def test_other_folders_and_formats_are_no_bundles(folder, tmp_path):
    assert not is_bundle(tmp_path)
    with pytest.raises(DataError, match=r"is no bundle, as bundle\.json is missing"):
        load_bundle(tmp_path)
    (folder / "bundle.json").write_text('{"format": 9}')
    with pytest.raises(DataError, match="has format 9, expected 1"):
        load_bundle(folder)
    (folder / "bundle.json").write_text("[]")
    with pytest.raises(DataError, match="has format 'list'"):
        load_bundle(folder)


def test_notes_beside_the_files_do_no_harm(folder):
    (folder / "README.md").write_text("About these texts.")
    assert load_bundle(folder).protocol.name == "essays 2025"


@pytest.mark.parametrize(
    ("examples", "reason"),
    [
        ((), "There is no text to freeze"),
        ((Example("a", "Text.", None),), "The text 'a' has no label of human, ai"),
        ((Example("a", "Text.", "ai"), Example("a", "More.", "ai")), "1 ids stand more than once, such as 'a'"),
    ],
)
def test_texts_that_cannot_be_measured_are_not_frozen(tmp_path, examples, reason):
    with pytest.raises(DataError, match=reason):
        write_bundle(tmp_path / "set", Corpus(examples), PROTOCOL)
    assert not (tmp_path / "set").exists()


@pytest.mark.parametrize(("name", "values"), [("domain", ["a", "b", "c"]), ("attack", ["a"])])
def test_a_property_must_fit(tmp_path, name, values):
    with pytest.raises(DataError, match=rf"The property '{name}' has {len(values)} values for 3 texts"):
        write_bundle(tmp_path / "set", CORPUS, PROTOCOL, more_slices={name: values})


def test_other_label_sets_can_be_frozen(tmp_path):
    corpus = Corpus((Example("a", "Fine.", "good"),), LabelSet(("bad", "good")))
    assert write_bundle(tmp_path / "set", corpus, PROTOCOL).corpus() == corpus
    assert load_bundle(tmp_path / "set").counts == {"bad": 0, "good": 1, "left out": 0}


def test_half_a_surrogate_pair_leaves_no_folder(tmp_path):
    with pytest.raises(Exception, match="surrogates not allowed"):
        write_bundle(tmp_path / "set", Corpus((Example("a", "\ud800", "ai"),)), PROTOCOL)
    assert not (tmp_path / "set").exists()
