import gzip
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard

from tain.core.errors import DataError
from tain.corpora import formats
from tain.corpora.faults import Fault
from tain.corpora.formats import Row, format_of, rows_of

LONG = b'{"text": "' + b"words " * 200 + b'"}\n'


def rows(path: Path, content: bytes) -> list[Row | Fault]:
    path.write_bytes(content)
    return list(rows_of(path))


@pytest.mark.parametrize(
    ("name", "kind"),
    [("a.JSONL.gz", "jsonl"), ("a.b.csv", "csv"), ("a.parquet.zst", "parquet"), ("a.gz", None), ("a", None)],
)
def test_the_suffix_says_the_format(name: str, kind: str | None) -> None:
    assert format_of(Path(name)) == kind


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.jsonl", b"", "is empty; expected at least one row"),
        ("a.jsonl", b"\n\n", "is empty"),
        ("a.csv", b"", "is empty"),
        ("a.csv", b"text,label\n", "is empty"),
        ("a.txt", b"", "is empty"),
        ("a.docx", b"x", r"suffix \.docx is not one that can be read. Expected \.jsonl"),
        ("a.jsonl", b"PK\x03\x04rest", "looks like a zip file"),
        ("a.jsonl", b"PAR1rest", "looks like a Parquet file"),
        ("a.csv", "text,label\nhé,0\n".encode("utf-16"), "looks like UTF-16 text; save it as UTF-8"),
        ("a.txt", bytes(range(256)) * 8, "is binary, not text"),
        ("a.jsonl", b'[{"text": "x"}]', "holds one JSON array"),
        ("a.jsonl.gz", gzip.compress(LONG, mtime=0)[:-9], "damaged or cut short as gzip data"),
        ("a.jsonl.gz", b"plain text", "damaged or cut short as gzip data"),
        ("a.jsonl.zst", zstandard.ZstdCompressor().compress(LONG)[:-5], "damaged or cut short as Zstandard data"),
        ("a.jsonl.zst", b"plain text", "damaged or cut short as Zstandard data"),
        ("a.parquet", b"PAR1 and no more", "damaged or cut short as Parquet"),
        ("a.parquet", b"", "damaged or cut short as Parquet"),
        ("a.csv", b"text,text\nx,y\n", "names 'text' twice"),
        ("a.csv", b"text;label\nx;0\n", "is one column; expected commas"),
        ("a.csv", b'text,label\nx,0\n"never closed,0\nmore\n', r"a\.csv:3: the row that begins here is no CSV"),
    ],
)
def test_a_file_that_cannot_be_read_gets_one_clear_error(
    tmp_path: Path, name: str, content: bytes, reason: str
) -> None:
    with pytest.raises(DataError, match=reason):
        rows(tmp_path / name, content)


def test_a_folder_given_as_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").mkdir()
    with pytest.raises(DataError, match="cannot be read"):
        list(rows_of(tmp_path / "a.jsonl"))


def test_a_truncated_parquet_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"text": [f"text number {i}" for i in range(1000)]}), path)
    whole = path.read_bytes()
    with pytest.raises(DataError, match="damaged or cut short as Parquet"):
        rows(path, whole[: len(whole) // 2])
    middle = len(whole) // 3
    with pytest.raises(DataError, match="damaged or cut short as Parquet"):
        rows(path, whole[:100] + b"\xff" * middle + whole[100 + middle :])


def test_too_long_a_line_is_a_fault_and_the_next_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(formats, "MAX_LINE_BYTES", 1000)
    found = rows(tmp_path / "a.jsonl", LONG + b'{"text": "short"}\n')
    assert isinstance(found[0], Fault)
    assert "longer than 32 MB" in found[0].reason
    assert found[1] == Row(2, {"text": "short"})
    with pytest.raises(DataError, match=r"a\.csv:2: the line is longer"):
        rows(tmp_path / "a.csv", b"text,label\n" + LONG)
    assert isinstance(rows(tmp_path / "a.txt", LONG)[0], Fault)


def test_a_100_mb_line_is_never_held_whole(tmp_path: Path) -> None:
    import tracemalloc

    path = tmp_path / "a.jsonl"
    with path.open("wb") as file:
        for _ in range(100):
            file.write(b"x" * (1 << 20))
    tracemalloc.start()
    (fault,) = rows_of(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert isinstance(fault, Fault)
    assert peak < 80 << 20


def test_csv_rows_are_named_by_the_line_they_begin_on(tmp_path: Path) -> None:
    found = rows(tmp_path / "a.csv", b'\xef\xbb\xbftext,label\n"two\nlines",0\nthree,fields,1\ncaf\xe9,0\n')
    assert found[0] == Row(2, {"text": "two\nlines", "label": "0"})
    assert str(found[1]).endswith("a.csv:4: has 3 fields; the header has 2")
    assert "a.csv:5: text: byte 0xE9 at position 4 is not UTF-8" in str(found[2])


def test_a_text_file_of_another_encoding_is_a_fault_with_its_line(tmp_path: Path) -> None:
    (fault,) = rows(tmp_path / "a.txt", b"first\nsecond caf\xe9\n")
    assert "a.txt:2: text: byte 0xE9 at position 17" in str(fault)


def test_several_zstandard_frames_are_read_as_one(tmp_path: Path) -> None:
    frame = zstandard.ZstdCompressor().compress
    assert len(rows(tmp_path / "a.jsonl.zst", frame(LONG) + frame(LONG))) == 2


def test_tabs_separate_in_tsv_and_only_wanted_columns_are_read_from_parquet(tmp_path: Path) -> None:
    assert rows(tmp_path / "a.tsv", b"text\tlabel\nx, y\t0\n") == [Row(2, {"text": "x, y", "label": "0"})]
    pq.write_table(pa.table({"text": ["x"], "other": [1]}), tmp_path / "a.parquet")
    assert list(rows_of(tmp_path / "a.parquet", columns=["text"])) == [Row(1, {"text": "x"})]
