"""Bad input gets one clear error from every verb, a status, and leaves nothing behind."""

import gzip
import io
import json
import re
import shutil
import time
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path

import polars as pl
import pytest
import zstandard
from tests.detector_fixtures import made_up_texts, make_detector

from tain.cli import DONE, FAILED, MISUSE
from tain.cli.app import run

ROW_VERBS = ("train", "audit", "score", "calibrate", "evaluate")
LABEL_VERBS = ("train", "audit", "evaluate")
MODEL_VERBS = ("check", "score", "calibrate", "evaluate", "export")
RATE_VERBS = ("check", "score", "calibrate")
MAX_BYTES = 96 << 20
MAX_S = 5


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    """The folder with a detector, the classifier in it and its base."""
    folder = tmp_path_factory.mktemp("made")
    make_detector(folder)
    return folder


@pytest.fixture(scope="module")
def long_line(tmp_path_factory) -> Iterator[Path]:
    """A file of one line of 100 MB; beside it the same under Zstandard, a few KB."""
    path = tmp_path_factory.mktemp("long") / "long.jsonl"
    with path.open("wb") as file:
        file.write(b'{"text": "')
        for _ in range(100):
            file.write(b"x" * (1 << 20))
        file.write(b'", "label": 0}\n')
    with path.open("rb") as plain, path.with_name("long.jsonl.zst").open("wb") as packed:
        zstandard.ZstdCompressor().copy_stream(plain, packed)
    yield path
    path.unlink()


@pytest.fixture(autouse=True)
def cache(tmp_path_factory, monkeypatch) -> None:
    monkeypatch.setenv("TAIN_CACHE", str(tmp_path_factory.mktemp("cache")))


@pytest.fixture
def refused(tmp_path, capsys) -> Callable[..., str]:
    """Runs a command that must fail, and hands back what it said."""

    def check(arguments: list[object], status: int = FAILED) -> str:
        before = tree(tmp_path)
        capsys.readouterr()
        assert run([str(argument) for argument in arguments]) == status
        output = capsys.readouterr()
        assert output.out == ""
        assert output.err.startswith("tain: ") and output.err.count("tain: ") == 1, output.err
        assert "This is a defect" not in output.err and "Traceback" not in output.err
        assert tree(tmp_path) == before
        return output.err

    return check


def tree(folder: Path) -> dict[str, bytes | None]:
    paths = (path for path in folder.rglob("*"))
    return {str(path): path.read_bytes() if path.is_file() else None for path in paths}


def jsonl(rows: list[dict]) -> bytes:
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def good_rows(n: int = 40) -> list[dict]:
    labels = ("human", "ai")
    texts = made_up_texts(n, seed=5, low=50, high=60)
    return [{"id": f"r{i}", "text": text, "label": labels[i % 2]} for i, text in enumerate(texts)]


def human_rows(n: int) -> list[dict]:
    return [row | {"label": "human"} for row in good_rows(n)]


def parquet(rows: dict[str, list]) -> bytes:
    buffer = io.BytesIO()
    pl.DataFrame(rows).write_parquet(buffer)
    return buffer.getvalue()


def command(verb: str, made: Path, out: Path, *, data: Path | None = None, model: Path | None = None) -> list[object]:
    """A command line of a verb that is sound but for what is handed in."""
    model = model or made / "detector"
    if data is None:
        data = out / ("essay.txt" if verb == "check" else "good.jsonl")
        rows = human_rows(300) if verb == "calibrate" else good_rows()
        data.write_bytes(rows[0]["text"].encode() if verb == "check" else jsonl(rows))
    return {
        "train": ["train", "--train", data, "--base", made / "base", "--output", out / "run", "--quiet"],
        "audit": ["audit", data, "--html", out / "page.html"],
        "score": ["score", data, "--model", model, "--output", out / "scores.parquet"],
        "calibrate": ["calibrate", "--human", data, "--model", model, "--output", out / "own"],
        "check": ["check", data, "--model", model],
        "evaluate": ["evaluate", "--data", data, "--model", model, "--output", out / "report"],
        "export": ["export", "--format", "adapter", "--model", model, "--output", out / "exported"],
    }[verb]


GOOD = jsonl(good_rows(8))
BINARY = bytes(range(256)) * 40
LATIN = "Café".encode("latin-1")
BAD_FILES = {
    "empty.jsonl": (b"", "empty.jsonl: is empty; expected at least one row"),
    "empty.csv": (b"", "empty.csv: is empty; expected at least one row"),
    "blank.jsonl": (b"\n \n", "blank.jsonl: is empty"),
    "header.csv": (b"text,label\n", "header.csv: is empty"),
    "empty.jsonl.gz": (b"", "empty.jsonl.gz: is empty"),
    "column.jsonl": (b'{"body": "x", "label": 0}\n', "no column text or .* Columns found: body, label.*--text-column"),
    "column.csv": (b"txt,label\nx,0\n", "no column text or .* Columns found: txt, label. Did you mean txt"),
    "binary.jsonl": (BINARY, "binary.jsonl: is binary, not text"),
    "binary.csv": (BINARY, "binary.csv: is binary, not text"),
    "binary.parquet": (BINARY, "binary.parquet: is damaged or cut short as Parquet"),
    "binary.jsonl.zst": (BINARY, "binary.jsonl.zst: is damaged or cut short as Zstandard data"),
    "picture.jsonl": (b"%PDF-1.7", "looks like a PDF"),
    "nul.jsonl": (GOOD + b'{"text": "a\0b", "label": 0}\n', r"nul.jsonl:9: is no JSON \(it holds a NUL byte\)"),
    "escape.jsonl": (GOOD + b'{"text": "a\\u0000b", "label": 0}\n', "escape.jsonl:9: text: holds a NUL byte|U.0000"),
    "nul.csv": (b"text,label\nab\0c,0\n", "nul.csv:2: text: holds .*(NUL|U.0000).* character 3; remove it"),
    "mixed.jsonl": (GOOD + b'{"text": "' + LATIN + b'", "label": 0}\n', "mixed.jsonl:9: byte 0xE9 at position 14 is"),
    "mixed.csv": (b"text,label\nabc,0\n" + LATIN + b",0\n", "mixed.csv:3: text: byte 0xE9 at position 4 is not UTF-8"),
    "fields.csv": (b"text,label\nabc,0,1\n", "fields.csv:2: has 3 fields; the header has 2"),
    "quote.csv": (b'text,label\n"abc,0\n', "quote.csv:2: the row that begins here is no CSV"),
    "cut.parquet": (parquet({"text": ["a"] * 99, "label": [0] * 99})[:-20], "cut.parquet: is damaged or cut short"),
    "cut.jsonl.gz": (gzip.compress(GOOD)[:-20], "cut.jsonl.gz: is damaged or cut short as gzip data"),
    "cut.jsonl.zst": (zstandard.compress(GOOD)[:-20], "cut.jsonl.zst: is damaged or cut short as Zstandard data"),
    "rows.xlsx": (b"PK\x03\x04", "the suffix .xlsx is not one that can be read. Expected .jsonl"),
}  # fmt: skip
NAN_FILES = {
    "nan.jsonl": (GOOD + b'{"text": "a b", "label": NaN}\n', "nan.jsonl:9: label: the label is nan; expected a label"),
    "nan.csv": (b"text,label\nabc,nan\n", "nan.csv:2: label: the label is 'nan'; expected a label"),
    "nan.parquet": (parquet({"text": ["a b"] * 2, "label": [1.0, float("nan")]}), "nan.parquet:2: label: the label is"),
}  # fmt: skip


def says(message: str, pattern: str) -> bool:
    return re.search(pattern, message) is not None


@pytest.mark.parametrize("name", BAD_FILES)
def test_a_file_that_cannot_be_used(made, tmp_path, refused, name):
    content, message = BAD_FILES[name]
    (tmp_path / name).write_bytes(content)
    for verb in ROW_VERBS:
        said = refused(command(verb, made, tmp_path, data=tmp_path / name))
        assert says(said, message), said


@pytest.mark.parametrize("name", NAN_FILES)
def test_labels_that_are_not_a_number(made, tmp_path, refused, name):
    content, message = NAN_FILES[name]
    (tmp_path / name).write_bytes(content)
    for verb in LABEL_VERBS:
        said = refused(command(verb, made, tmp_path, data=tmp_path / name))
        assert says(said, message), said


@pytest.mark.parametrize("verb", ROW_VERBS)
def test_a_file_or_folder_that_is_not_there_or_holds_no_rows(made, tmp_path, refused, verb):
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "notes.md").write_text("x")
    for name, message in (("gone.jsonl", "there is no such file or folder"), ("folder", "holds no file that can be")):
        assert message in refused(command(verb, made, tmp_path, data=tmp_path / name))


@pytest.mark.parametrize("verb", ROW_VERBS)
@pytest.mark.parametrize("suffix", [".jsonl", ".jsonl.zst"])
def test_a_line_of_100_mb_is_refused_in_bounded_memory(made, tmp_path, refused, long_line, verb, suffix):
    (tmp_path / "blank.jsonl").write_bytes(b"\n")
    refused(command(verb, made, tmp_path, data=tmp_path / "blank.jsonl"))  # what it imports is not to be measured
    path = long_line.with_name(f"long{suffix}")
    tracemalloc.start()
    started = time.process_time()
    said = refused(command(verb, made, tmp_path, data=path))
    duration_s, peak_bytes = time.process_time() - started, tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert f"{path}:1: the line is longer than 32 MB; expected one example per line" in said
    assert peak_bytes < MAX_BYTES
    assert duration_s < MAX_S


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty; expected a text"),
        (BINARY, "is binary, not text"),
        (b"a line\nand a \0 byte", "essay.txt:2: holds a NUL byte"),
        ("Ünï\n".encode() + LATIN, "essay.txt:2: byte 0xE9 at position 9 is not UTF-8"),
        (None, "there is no such file"),
    ],
)
def test_a_text_that_cannot_be_checked(made, tmp_path, refused, content, message):
    path = tmp_path / "essay.txt"
    if content is not None:
        path.write_bytes(content)
    assert message in refused(command("check", made, tmp_path, data=path))


def test_a_long_or_damaged_text_is_not_checked(made, tmp_path, refused, long_line):
    packed = Path(shutil.copy(long_line.with_name("long.jsonl.zst"), tmp_path / "essay.txt.zst"))
    assert "is longer than 19 MB; expected one text" in refused(command("check", made, tmp_path, data=packed))
    (tmp_path / "essay.txt.gz").write_bytes(gzip.compress(b"word " * 999)[:-9])
    assert "cut short as gzip" in refused(command("check", made, tmp_path, data=tmp_path / "essay.txt.gz"))
    (tmp_path / "rows.jsonl").write_bytes(GOOD)
    assert "Use: tain score" in refused(command("check", made, tmp_path, data=tmp_path / "rows.jsonl"), MISUSE)


@pytest.mark.parametrize("label", ["human", "ai"])
def test_one_class_trains_nothing_and_is_told_by_the_audit(made, tmp_path, refused, capsys, label):
    path = tmp_path / "one.jsonl"
    path.write_bytes(jsonl([row | {"label": label} for row in good_rows()]))
    other = {"human": "ai", "ai": "human"}[label]
    for _ in range(2):  # nothing that the first left in the cache may change what the second says
        said = refused(command("train", made, tmp_path, data=path))
        assert f"holds no {other} text" in said and f"'train: {label}': 3" in said
    assert run(["audit", str(path), "--json"]) == DONE
    assert f"all 40 texts are labelled {label}" in json.dumps(json.loads(capsys.readouterr().out)["warnings"])


@pytest.mark.parametrize("verb", MODEL_VERBS)
def test_a_folder_that_is_no_model(made, tmp_path, refused, verb):
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("x")
    for model, message in (
        (tmp_path / "empty", "is no detector: detector.json is missing"),
        (tmp_path / "gone", "there is no such folder"),
        (tmp_path / "file", "is a file, not a folder"),
        (made / "base", "is no detector: detector.json is missing"),
    ):
        assert message in refused(command(verb, made, tmp_path, model=model))


@pytest.mark.parametrize("verb", MODEL_VERBS)
def test_each_file_of_a_detector_is_guarded(made, tmp_path, refused, verb):
    names = sorted(file.name for file in (made / "detector").iterdir())
    assert {"detector.json", "calibration.safetensors", "adapter_model.safetensors", "tokenizer.json"} <= {*names}
    for name in names:
        model = tmp_path / "copy"
        shutil.copytree(made / "detector", model)
        damage(model / name)
        assert name in refused(command(verb, made, tmp_path, model=model))
        (model / name).unlink()
        assert f"{name} is missing" in refused(command(verb, made, tmp_path, model=model))
        shutil.rmtree(model)


def damage(file: Path) -> None:
    content = file.read_bytes()
    middle = len(content) // 2
    file.write_bytes(content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :])


def test_a_threshold_changed_by_hand_is_noticed(made, tmp_path, refused):
    model = Path(shutil.copytree(made / "detector", tmp_path / "copy"))
    settings = json.loads((model / "detector.json").read_text())
    settings["calibration"]["points"][0]["threshold"] += 1
    (model / "detector.json").write_text(json.dumps(settings))
    assert "detector.json was changed" in refused(command("check", made, tmp_path, model=model))


@pytest.mark.parametrize("name", ["adapter_model.safetensors", "adapter_config.json", "classifier.json"])
def test_a_cut_file_of_a_trained_model_is_not_calibrated(made, tmp_path, refused, name):
    model = Path(shutil.copytree(made / "classifier", tmp_path / "copy"))
    (model / name).write_bytes((model / name).read_bytes()[:-9])
    said = refused(command("calibrate", made, tmp_path, model=model))
    assert "cannot be loaded" in said or "cannot be read as JSON" in said


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ("--set training.lrr=1", "training.lrr is not a setting. Expected one of lr, .* Did you mean lr"),
        ("--set nonsense=1", "nonsense is not a setting. Expected one of name, base"),
        ("--set training", "--set 'training' has no '='"),
        ("--set training.lr=-1", "training.lr is -1: .*greater than 0"),
        ("--set method.rnk=4", "method.rnk is not a setting of lora.* Did you mean rank"),
        ("--set method.kind=[1]", r"method.kind is \[1\]. Expected one of lora, "),
        ("--set corpus.normaliser=99", "no text normaliser version 99"),
        ("--method lorra", "method.kind is 'lorra'. Expected one of lora, .* Did you mean lora"),
        ("--pooling max", "pooling is 'max': .*'native', 'mean', 'first' or 'last'"),
        ("--base minilmm", "'minilmm' is no preset, folder or Hub id"),
        ("--config gone.toml", "--config gone.toml: there is no such file. Expected a TOML file of settings"),
        ("--label-map x", "--label-map got 'x'; expected RAW=LABEL"),
        ("--seed x", "Invalid value for '--seed'.* See: tain train --help"),
    ],
)
def test_a_setting_of_a_training_that_is_none_of_ours(made, tmp_path, refused, flags, message):
    said = refused([*command("train", made, tmp_path), *flags.split()], MISUSE)
    assert says(said, message), said


def test_targets_that_match_nothing_leave_no_run(made, tmp_path, refused):
    said = refused([*command("train", made, tmp_path), "--set", "method.targets=nothing"])
    assert "method.targets is 'nothing', which matches no linear layer" in said


def test_a_run_is_not_lost_to_bad_texts_or_a_wrong_folder(made, tmp_path, refused):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "thesis.txt").write_text("years of work")
    (tmp_path / "bad.jsonl").write_bytes(BINARY)
    arguments = command("train", made, tmp_path)
    assert "exists already. Pass --resume" in refused(arguments, MISUSE)
    assert "holds no Run that could be resumed" in refused([*arguments, "--resume"], MISUSE)
    bad = command("train", made, tmp_path, data=tmp_path / "bad.jsonl")
    assert "is binary" in refused([*bad, "--force"])
    assert (tmp_path / "run" / "thesis.txt").is_file()


@pytest.mark.parametrize("verb", ["score", "calibrate", "evaluate", "export", "audit"])
def test_what_exists_is_not_replaced_without_force(made, tmp_path, refused, verb):
    arguments = command(verb, made, tmp_path)
    output = Path(str(arguments[-1]))
    if output.suffix:
        output.write_text("precious")
    else:
        output.mkdir()
        (output / "precious").write_text("x")
    assert "exists already" in refused(arguments, MISUSE)


@pytest.mark.parametrize("verb", RATE_VERBS)
def test_a_false_positive_rate_that_cannot_be(made, tmp_path, refused, verb):
    for fpr in ("0", "1", "-0.1", "nan", "inf"):
        said = refused([*command(verb, made, tmp_path), f"--fpr={fpr}"], MISUSE)
        assert f"The false positive rate is {float(fpr)}; expected a share such as 0.01" in said
    said = refused([*command(verb, made, tmp_path), "--fpr=0.0001"], MISUSE)
    assert "A false positive rate of 0.0001 needs 29,956 human texts or more; there are 3" in said
    assert "Invalid value for '--fpr'" in refused([*command(verb, made, tmp_path), "--fpr=much"], MISUSE)


def test_a_prior_that_cannot_be(made, tmp_path, refused):
    for verb in ("check", "score"):
        assert "The prior is 2.0; expected" in refused([*command(verb, made, tmp_path), "--prior=2"], MISUSE)


def test_too_few_texts_to_calibrate_with(made, tmp_path, refused):
    few, short = tmp_path / "few.jsonl", tmp_path / "short.jsonl"
    few.write_bytes(jsonl(human_rows(298)))
    short.write_bytes(jsonl([{"text": "too short"}] * 300))
    for name in ("detector", "classifier"):
        said = refused(command("calibrate", made, tmp_path, data=few, model=made / name), MISUSE)
        assert "0.01 needs 299 human texts or more; there are 298. Ask for a higher rate" in said
        said = refused(command("calibrate", made, tmp_path, data=short, model=made / name))
        assert "0 human texts of enough words support no operating point" in said


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("train", "There is nothing to train on. Give --train FILE"),
        ("audit", "Missing argument"),
        ("score", "Missing argument 'INPUT'. See: tain score --help"),
        ("calibrate", "Missing option '--human'. See: tain calibrate --help"),
        ("check", "Missing argument"),
        ("evaluate", "Missing option '--data'"),
        ("export", "Missing option '--format'"),
        ("export --format zip --output x", "'zip' is not one of 'transformers', 'adapter', 'onnx'"),
        ("score x --outptu y", "No such option"),
        ("calibrte", "No such command 'calibrte'. Did you mean 'calibrate'? See: tain --help"),
    ],
)
def test_a_command_line_that_cannot_be_read(refused, arguments, message):
    assert message in refused(arguments.split(), MISUSE)
