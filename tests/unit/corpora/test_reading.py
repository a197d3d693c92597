import gzip
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard

from tain.core.errors import ConfigError, DataError
from tain.core.example import Example, LabelSet
from tain.corpora.columns import ColumnMap
from tain.corpora.labels import DETECTION_MAP, parse_label_map
from tain.corpora.reading import iter_rows, read_corpus, read_examples

ROWS = [
    {"id": "a", "text": "One text, “quoted”.", "label": "human", "pair_id": 7, "lang": "en"},
    {"id": "b", "text": "Another\ntext.", "label": "ai", "pair_id": 7, "generator": "gpt-4", "lang": "en"},
]


def jsonl(rows: list[dict]) -> bytes:
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def parquet(rows: list[dict], path: Path) -> bytes:
    pq.write_table(pa.Table.from_pylist(rows), path)
    return path.read_bytes()


CSV = b'id,text,label,pair_id\r\na,"One text, ""quoted"".",human,7\r\nb,"Another\ntext.",ai,7\r\n'
COMPRESS = {"": lambda data: data, ".gz": gzip.compress, ".zst": zstandard.ZstdCompressor().compress}


@pytest.mark.parametrize("compression", COMPRESS)
@pytest.mark.parametrize("suffix", [".jsonl", ".csv", ".parquet"])
def test_every_format_and_compression_gives_the_same_examples(tmp_path: Path, suffix: str, compression: str) -> None:
    content = {".jsonl": lambda: jsonl(ROWS), ".csv": lambda: CSV, ".parquet": lambda: parquet(ROWS, tmp_path / "raw")}
    path = tmp_path / f"mine{suffix}{compression}"
    path.write_bytes(COMPRESS[compression](content[suffix]()))
    corpus = read_corpus([path])
    assert [(e.id, e.label, e.group, e.source) for e in corpus] == [
        ("a", "human", "7", "mine"),
        ("b", "ai", "7", "mine"),
    ]
    assert corpus.examples[1].text == "Another\ntext."


def test_fields_come_from_the_usual_columns(tmp_path: Path) -> None:
    row = {"uuid": "x", "generation": "Text.", "model": "human", "genre": "news", "created": "2020-01-02", "lang": "en"}
    (tmp_path / "raid.jsonl").write_bytes(jsonl([row, row | {"uuid": "y", "model": "gpt4"}]))
    examples = read_corpus([tmp_path / "raid.jsonl"]).examples
    assert examples[0] == Example("x", "Text.", "human", "x", "raid", "news", "human", "en", "2020-01-02")
    assert examples[1].label == "ai"


def test_named_columns_win_over_the_usual_ones(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(jsonl([{"text": "no", "body": "yes", "label": 0}]))
    assert read_corpus([tmp_path / "a.jsonl"], columns=ColumnMap(text="body")).texts == ["yes"]


def test_rows_without_ids_are_named_by_file_and_line(tmp_path: Path) -> None:
    for folder in ("x", "y"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "a.csv").write_text("text,label\nOne.,0\nTwo.,1\n")
    assert [e.id for e in read_corpus([tmp_path / "x" / "a.csv"])] == ["a.csv:2", "a.csv:3"]
    both = [tmp_path / "x" / "a.csv", tmp_path / "y" / "a.csv"]
    assert len({e.id for e in read_corpus(both)}) == 4


def test_a_folder_of_texts_takes_labels_from_its_sub_folders(tmp_path: Path) -> None:
    for folder in ("human", "ai"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "1.txt").write_text(f"By {folder}.")
    (tmp_path / ".hidden.txt").write_text("no")
    (tmp_path / "notes.docx").write_bytes(b"PK")
    corpus = read_corpus([tmp_path])
    assert [(e.id, e.label, e.text) for e in corpus] == [
        ("ai/1.txt:1", "ai", "By ai."),
        ("human/1.txt:1", "human", "By human."),
    ]


def test_the_default_label_serves_files_without_a_label_column(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("A text.")
    assert read_corpus([tmp_path / "a.txt"], default_label="HUMAN").examples[0].label == "human"
    with pytest.raises(ConfigError, match="default label 'robot' is not one of"):
        read_corpus([tmp_path / "a.txt"], default_label="robot")
    with pytest.raises(DataError, match=r"no column label or labels.*--label-column"):
        read_corpus([tmp_path / "a.txt"])


def test_without_a_label_map_no_label_is_read(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(jsonl([{"text": "One.", "label": None}]))
    assert read_corpus([tmp_path / "a.jsonl"], labels=None).examples[0].label is None


@pytest.mark.parametrize(
    ("raw", "label"), [(0, "human"), (1.0, "ai"), (True, "ai"), ("Human", "human"), ("LLM", "ai"), ("1.0", "ai")]
)
def test_detection_knows_the_usual_words_for_its_labels(tmp_path: Path, raw: object, label: str) -> None:
    (tmp_path / "a.jsonl").write_bytes(jsonl([{"text": "One.", "label": raw}]))
    assert read_corpus([tmp_path / "a.jsonl"]).examples[0].label == label


def test_a_label_map_extends_leaves_out_and_replaces(tmp_path: Path) -> None:
    rows = [{"text": "One.", "label": label} for label in ("mixed", "gpt", "human")]
    (tmp_path / "a.jsonl").write_bytes(jsonl(rows))
    labels = parse_label_map(["gpt=ai,mixed="])
    assert [e.label for e in read_corpus([tmp_path / "a.jsonl"], labels=labels)] == ["ai", "human"]
    topics = read_corpus([tmp_path / "a.jsonl"], labels=parse_label_map(["mixed=a", "gpt=b", "human=b"]))
    assert topics.labels == LabelSet(("a", "b"))
    with pytest.raises(ConfigError, match="expected RAW=LABEL"):
        parse_label_map(["gpt"])


def test_all_bad_rows_are_named_with_file_line_field_and_reason(tmp_path: Path) -> None:
    path = tmp_path / "bad.jsonl"
    good = {"id": "a", "text": "One.", "label": "human"}
    rows = [good, {"id": "b", "text": None, "label": 0}, {"id": "c", "text": "T", "label": float("nan")}]
    rows += [
        {"id": "d", "text": " ", "label": 0},
        {"id": "e", "text": 5, "label": 0},
        {"id": "f", "text": "T", "label": "x"},
    ]
    rows += [good, {"id": "g", "text": "half \ud83d", "label": 0}, {"id": "h", "text": "nul \0", "label": 0}]
    path.write_bytes(jsonl(rows) + b"{]\n[1]\n" + b'{"text": "caf\xe9"}\n' + jsonl([{"id": "z", "label": 1}]))
    with pytest.raises(DataError, match="12 rows cannot be used") as caught:
        read_examples([path])
    for part in (
        "bad.jsonl:2: text: the text is null",
        "bad.jsonl:3: label: the label is nan",
        "bad.jsonl:4: text: the text is empty",
        "bad.jsonl:5: text: the text is 5, a int",
        "bad.jsonl:6: label: the label 'x' is not human or ai",
        "bad.jsonl:8: text: holds half a surrogate pair, U+D83D",
        "bad.jsonl:9: text: holds a NUL byte at character 5",
        "bad.jsonl:10: is no JSON",
        "bad.jsonl:11: is a JSON list",
        "bad.jsonl:12: byte 0xE9 at position 14 is not UTF-8",
        "… and 2 more",
        "--set-aside FILE",
    ):
        assert part in str(caught.value)


def test_bad_rows_are_set_aside_and_the_rest_is_read(tmp_path: Path) -> None:
    path, aside = tmp_path / "a.jsonl", tmp_path / "aside.jsonl"
    path.write_bytes(jsonl([*ROWS, {"id": "c", "text": ""}, {**ROWS[0], "text": "Later."}]))
    corpus = read_corpus([path], on_bad="set_aside", set_aside=aside)
    assert [e.id for e in corpus] == ["a", "b"]
    written = [json.loads(line) for line in aside.read_text().splitlines()]
    assert [(row["line"], row["field"], row["row"]["id"]) for row in written] == [(3, "text", "c"), (4, "id", "a")]


def test_nothing_is_set_aside_when_all_rows_are_good(tmp_path: Path) -> None:
    path, aside = tmp_path / "a.jsonl", tmp_path / "aside.jsonl"
    path.write_bytes(jsonl(ROWS))
    read_corpus([path], on_bad="set_aside", set_aside=aside)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.jsonl"]
    with pytest.raises(ConfigError, match="no file is named"):
        read_corpus([path], on_bad="set_aside")


def test_setting_aside_every_row_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(jsonl([{"id": "c", "text": "", "label": 0}]))
    with pytest.raises(DataError, match=r"No row of .*a\.jsonl can be used"):
        read_corpus([path], on_bad="set_aside", set_aside=tmp_path / "aside.jsonl")


def test_doubled_ids_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(jsonl([*ROWS, *ROWS]))
    with pytest.raises(DataError, match=r"a\.jsonl:3: id: the id 'a' stands on an earlier row too"):
        read_corpus([path])


def test_a_missing_column_lists_those_found_and_the_nearest(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("txt,label\nOne.,0\n")
    with pytest.raises(
        DataError, match=r"no column text or .*Columns found: txt, label\. Did you mean txt\?.*--text-column"
    ):
        read_corpus([path])
    with pytest.raises(DataError, match=r"no column bodies for the text"):
        read_corpus([path], columns=ColumnMap(text="bodies"))


def test_everything_is_checked_before_the_first_example(tmp_path: Path) -> None:
    good, bad = tmp_path / "a.jsonl", tmp_path / "b.jsonl"
    good.write_bytes(jsonl(ROWS))
    bad.write_bytes(jsonl([{"id": "x", "text": "", "label": 0}]))
    with pytest.raises(DataError, match=r"b\.jsonl:1"):
        read_examples([good, bad])


def test_a_path_that_leads_nowhere(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"gone\.jsonl: there is no such file"):
        read_corpus([tmp_path / "gone.jsonl"])
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match=r"holds no file that can be read \(0 others\)"):
        read_corpus([tmp_path / "empty"])


def test_rows_come_as_they_stand(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(jsonl([{"anything": 1}]) + b"no\n")
    rows = iter_rows(path)
    assert next(rows) == (1, {"anything": 1})
    with pytest.raises(DataError, match=r"a\.jsonl:2: is no JSON"):
        next(rows)


def test_labels_are_known_case_aside() -> None:
    assert DETECTION_MAP.label("AI") == "ai"
    assert not DETECTION_MAP.known("sentiment")
