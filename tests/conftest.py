"""What every test has in common: no network, one thread, and the shared data where there is some."""

import atexit
import os
import shutil
import socket
import tempfile
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path

import pytest
from hypothesis import settings

# Set before anything imports torch, which reads the number of threads once.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("MKL_NUM_THREADS", "1")
os.environ["TOKENIZERS_PARALLELISM"] = "false"
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["HF_DATASETS_OFFLINE"] = "1"
os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
os.environ["MPLBACKEND"] = "Agg"
os.environ["COLUMNS"] = "80"
os.environ["TAIN_CACHE"] = tempfile.mkdtemp(prefix="tain-cache-")  # what a user has kept answers no test
atexit.register(shutil.rmtree, os.environ["TAIN_CACHE"], ignore_errors=True)
for name in ("TAIN_TRACEBACK", "NO_COLOR", "FORCE_COLOR"):
    os.environ.pop(name, None)

# The same tree gives the same answer each time; `HYPOTHESIS_PROFILE=search make test` looks for what is not yet known.
settings.register_profile("same", derandomize=True, deadline=None)
settings.register_profile("search", deadline=None, print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "same"))

SHARED_DATA = Path(__file__).parents[2] / "shared" / "data"


class NetworkBlockedError(AssertionError):
    """Raised when a test reaches for another machine."""


def _is_here(host: object) -> bool:
    if host in (None, "", b"", "localhost", b"localhost"):
        return True
    try:
        return ip_address(host.decode() if isinstance(host, bytes) else str(host)).is_loopback
    except ValueError:
        return False


@pytest.fixture(scope="session", autouse=True)
def _no_network() -> Iterator[None]:
    """Refuse every connection and every look-up of a name that leaves this machine."""
    real = {"connect": socket.socket.connect, "connect_ex": socket.socket.connect_ex}
    real_lookup = socket.getaddrinfo

    def guarded(name: str):
        def connect(self, address):
            if self.family != socket.AF_UNIX and not _is_here(address[0]):
                raise NetworkBlockedError(f"A test tried to reach {address[0]}. Tests run offline; use a local double.")
            return real[name](self, address)

        return connect

    def lookup(host, *args, **kwargs):
        if not _is_here(host):
            raise NetworkBlockedError(f"A test tried to look up {host}. Tests run offline; use a local double.")
        return real_lookup(host, *args, **kwargs)

    with pytest.MonkeyPatch.context() as patch:
        for name in real:
            patch.setattr(socket.socket, name, guarded(name))
        patch.setattr(socket, "getaddrinfo", lookup)
        yield


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real corpora beside the checkout; skips where there is none."""
    if not SHARED_DATA.is_dir():
        pytest.skip(f"needs the shared corpora, and {SHARED_DATA} is absent")
    return SHARED_DATA
