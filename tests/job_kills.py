"""A server that is killed again and again while it works on jobs, and what it left behind."""

import json
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import httpx

_CODE = """
import sys
from pathlib import Path
from tain.serving.server import serve
from tain.serving.settings import Settings
serve(
    Settings(models=(Path(sys.argv[1]),), port=0, jobs_dir=Path(sys.argv[2])),
    on_ready=lambda address, models: print(address, flush=True),
)
"""
_ENDS = ("done", "failed", "cancelled")


@dataclass
class KilledServer:
    """One folder of jobs, and the processes that serve it one after another."""

    model: Path
    folder: Path
    process: subprocess.Popen | None = None
    address: str = ""
    logs: list[Path] = field(default_factory=list)

    def start(self):
        self.logs.append(self.folder / f"{len(self.logs)}.log")
        command = [sys.executable, "-c", _CODE, str(self.model), str(self.folder / "jobs")]
        with self.logs[-1].open("wb") as log:
            self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)
        self.address = self.process.stdout.readline().strip()
        assert self.address, self.logs[-1].read_text()

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self._reap()

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self._reap()

    def _reap(self) -> int:
        self.process.wait(60)
        self.process.stdout.close()
        return self.process.returncode

    def send(self, texts, *, key) -> str:
        content = "".join(json.dumps({"id": f"{key}-{i}", "text": text}) + "\n" for i, text in enumerate(texts))
        answer = httpx.post(
            f"{self.address}/v1/jobs",
            files={"file": ("a.jsonl", content)},
            headers={"Idempotency-Key": key},
            timeout=60,
        )
        assert answer.status_code == 202, answer.text
        return answer.json()["id"]

    def jobs(self) -> list[dict]:
        return httpx.get(f"{self.address}/v1/jobs", params={"limit": 100}, timeout=60).json()["data"]

    def n_done(self) -> int:
        return sum(job["n_done"] for job in self.jobs())

    def wait_for(self, n_rows):
        while self.n_done() < n_rows:
            time.sleep(0.02)

    def wait(self):
        end = time.monotonic() + 240
        while any(job["state"] not in _ENDS for job in self.jobs()):
            assert time.monotonic() < end, self.jobs()
            time.sleep(0.2)

    def results(self, identity) -> list[dict]:
        lines = httpx.get(f"{self.address}/v1/jobs/{identity}/results.jsonl", timeout=60).text.splitlines()
        return [json.loads(line) for line in lines]

    def blocks(self) -> list[tuple[str, int, int]]:
        """Job, first row and number of rows of each block that a process says to have written."""
        lines = (json.loads(line) for log in self.logs for line in log.read_text().splitlines() if line.endswith("}"))
        return [(each["job"], each["first"], each["n_rows"]) for each in lines if each["event"] == "job_block"]
