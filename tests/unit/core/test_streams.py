"""What C code prints to stdout goes to stderr for a while."""

import os
import subprocess
import sys

import pytest

from tain.core.streams import stdout_to_stderr


def test_what_is_printed_below_python_goes_to_stderr_and_then_to_stdout_again(capfd):
    with stdout_to_stderr():
        os.write(1, b"chatter\n")
    os.write(1, b"data\n")
    out, err = capfd.readouterr()
    assert out == "data\n" and err == "chatter\n"


CHATTER = """
import ctypes
from tain.core.streams import stdout_to_stderr
c = ctypes.CDLL(None)
with stdout_to_stderr():
    c.printf(b"chatter\\n")
print("data")
"""


@pytest.mark.skipif(os.name != "posix", reason="asks the C library of POSIX")
def test_what_c_keeps_back_for_a_pipe_goes_there_too():
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONUNBUFFERED"}
    done = subprocess.run([sys.executable, "-c", CHATTER], capture_output=True, text=True, check=True, env=environment)
    assert done.stdout == "data\n" and done.stderr == "chatter\n"
