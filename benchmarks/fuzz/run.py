"""Send a server what its document allows and what it forbids: benchmarks/fuzz/run.py writes results/<version>.json.

The server is the process of `tain serve`, once without and once with keys. schemathesis runs in an environment of its
own, made here under requirements.txt. Fails on any finding. `--examples` are made up for each operation.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import venv
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests import documents
from tests.served_process import Server, serving

import tain
from tain.serving.keys import KeyRing, write_keys

HERE = Path(__file__).parent
ENVIRONMENT = HERE.parents[1] / "build" / "fuzz"
TEXT = "The committee met on Tuesday to hear what the wardens had found along the northern path. " * 6
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "unsupported_method",
    "allow_header_conformance",
    "use_after_free",
    "ensure_resource_availability",
)
OF_KEYS = ("ignored_auth", "missing_required_header")


def environment() -> Path:
    """The program of schemathesis, installed at the first call and when the pins have changed."""
    wanted, mark = (HERE / "requirements.txt").read_text(), ENVIRONMENT / "installed.txt"
    if not mark.exists() or mark.read_text() != wanted:
        venv.create(ENVIRONMENT, with_pip=True, clear=True)
        install = [ENVIRONMENT / "bin" / "python", "-m", "pip", "install", "--quiet", "-r", HERE / "requirements.txt"]
        subprocess.run(install, check=True)
        mark.write_text(wanted)
    return ENVIRONMENT / "bin" / "schemathesis"


def write_uploads(folder: Path) -> None:
    """Small files of every kind that the server takes, and damaged ones; each is named by its ending alone."""
    folder.mkdir()
    rows = "".join(json.dumps({"id": i, "text": TEXT}) + "\n" for i in range(3))
    contents = {
        "a.jsonl": rows.encode(),
        "b.csv": f'id,text\n=1+1,"{TEXT}"\n2,short\n'.encode(),
        "c.tsv": b"id\ttext\n1\n",
        "d.jsonl": b'{"text": "\\ud800"}\n{"text": 5}\n[1]\n\xff\n',
        "e.txt": TEXT.encode("utf-16"),
        "f.docx": documents.docx([TEXT]),
        "g.html": documents.html([TEXT]),
        "h.rtf": documents.rtf([TEXT]),
        "i.pdf": documents.pdf([TEXT]),
        "j.pdf": documents.nested_pdf(3),
        "k.jsonl.gz": b"\x1f\x8b\x08broken",
        "l.parquet": b"PAR1broken",
        "m.md": b"",
    }
    for name, content in contents.items():
        (folder / name).write_bytes(content)


def attack(program: Path, server: Server, folder: Path, *, n_examples: int, seed: int, token: str | None) -> dict:
    """What schemathesis found, by operation."""
    report = folder / "events.ndjson"
    checks = CHECKS + (OF_KEYS if token else ())
    command = [program, "run", f"{server.address}/openapi.json", "--checks", ",".join(checks), "--no-color"]
    command += ["--max-examples", n_examples, "--seed", seed, "--continue-on-failure", "--suppress-health-check", "all"]
    command += ["--warnings", "off", "--generation-database", "none", "--request-timeout", 60]
    command += ["--report", "ndjson", "--report-ndjson-path", report]
    command += ["--header", f"Authorization: Bearer {token}"] if token else []
    extra = {"SCHEMATHESIS_HOOKS": "hooks", "FUZZ_UPLOADS": str(folder / "uploads"), "PYTHONPATH": str(HERE)}
    done = subprocess.run([str(part) for part in command], env=os.environ | extra, check=False, cwd=folder)
    defects = [line for line in server.lines() if line["event"] in ("defect", "batch_failed")]
    stopped = server.stop()
    counts = count(report)
    return {
        "n_cases": sum(sum(each.values()) for each in counts.values()),
        "status_of_tool": done.returncode,
        "status_of_server": stopped,
        "n_defects": len(defects),
        "by_operation": counts,
    }


def count(report: Path) -> dict[str, dict[str, int]]:
    """Answers by operation and status."""
    counts: dict[str, Counter[str]] = {}
    for line in report.open(encoding="utf-8"):
        recorder = json.loads(line).get("ScenarioFinished", {}).get("recorder", {})
        for identity, interaction in recorder.get("interactions", {}).items():
            case = recorder["cases"].get(identity, {}).get("value", {})
            operation = f"{case.get('method', '?')} {case.get('path', '?')}"
            status = str((interaction.get("response") or {}).get("status_code", "none"))
            counts.setdefault(operation, Counter())[status] += 1
    # Methods that no address takes make one line.
    others = sum((each for each in counts.values() if set(each) == {"405"}), Counter())
    named = {name: dict(sorted(counts[name].items())) for name in sorted(counts) if set(counts[name]) != {"405"}}
    return named | {"other methods": dict(others)}


def main() -> int:
    """Attack both servers, write what came of it, and say whether anything was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--examples", type=int, default=60, help="made up for each operation, beside those of limits")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--output", type=Path, default=HERE / "results" / f"{tain.__version__}.json")
    told = parser.parse_args()
    program, results = environment(), {}
    for name in ("without keys", "with keys"):
        with tempfile.TemporaryDirectory() as made:
            folder = Path(made)
            write_uploads(folder / "uploads")
            ring, token = KeyRing().with_new("fuzz", ("check", "admin"))
            write_keys(folder / "keys.json", ring)
            keys = ["--keys", folder / "keys.json"] if name == "with keys" else []
            with serving("--jobs-dir", folder / "jobs", *keys) as server:
                results[name] = attack(
                    program, server, folder, n_examples=told.examples, seed=told.seed, token=token if keys else None
                )
    pins = [line for line in (HERE / "requirements.txt").read_text().splitlines() if line.startswith("schemathesis=")]
    answer = {"version": tain.__version__, "tool": pins[0], "seed": told.seed, "examples": told.examples, **results}
    told.output.parent.mkdir(exist_ok=True)
    told.output.write_text(json.dumps(answer, indent=1) + "\n", encoding="utf-8")
    for name, each in results.items():
        print(f"{name}: {each['n_cases']} cases, {each['n_defects']} defects, status {each['status_of_tool']}")
    failures = ("status_of_tool", "status_of_server", "n_defects")
    return int(any(each[name] for each in results.values() for name in failures))


if __name__ == "__main__":
    sys.exit(main())
