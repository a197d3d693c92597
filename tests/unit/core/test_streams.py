"""What C code prints to stdout goes to stderr for a while."""

import os

from tain.core.streams import stdout_to_stderr


def test_what_is_printed_below_python_goes_to_stderr_and_then_to_stdout_again(capfd):
    with stdout_to_stderr():
        os.write(1, b"chatter\n")
    os.write(1, b"data\n")
    out, err = capfd.readouterr()
    assert out == "data\n" and err == "chatter\n"
