"""What `running` starts: shuts itself in as far as the system lets it, then becomes a program that nobody trusts.

python -I -S jail.py MEMORY_BYTES SECONDS FILE_BYTES PROGRAM

Prints to file descriptor 3 which walls stand: `processes` and `network` (namespaces of its own, so that nothing it
starts outlives it or reaches another machine) and `files` (Landlock: it writes in its working folder alone). Needs
nothing but Python: it runs without site packages.
"""

import ctypes
import os
import resource
import runpy
import signal
import struct
import sys

CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET = 0x10000000, 0x20000000, 0x40000000
PR_SET_NO_NEW_PRIVS, PR_SET_PDEATHSIG = 38, 1
LANDLOCK_CREATE_RULESET, LANDLOCK_ADD_RULE, LANDLOCK_RESTRICT_SELF = 444, 445, 446
LANDLOCK_RULE_PATH_BENEATH = 1
# Every way to change the file system that the first version of Landlock knows: write, remove and make.
CHANGES = 1 << 1 | sum(1 << bit for bit in range(4, 13))


def main() -> None:
    """Shut this process in for good, and run the program."""
    memory_bytes, seconds, file_bytes = map(int, sys.argv[1:4])
    libc = ctypes.CDLL(None, use_errno=True)
    walls = ["processes", "network"] if _has_own_spaces(libc) else []
    if walls:
        _become_first_process(libc)
    walls += ["files"] if _can_only_write_here(libc) else []
    with os.fdopen(3, "w") as told:
        told.write(" ".join(walls))
    for limit, value in (
        (resource.RLIMIT_AS, memory_bytes),
        (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_FSIZE, file_bytes),
        (resource.RLIMIT_NOFILE, 64),
        (resource.RLIMIT_NPROC, 64),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(limit, (value, value))
    sys.argv = sys.argv[4:]
    runpy.run_path(sys.argv[0], run_name="__main__")


def _has_own_spaces(libc: ctypes.CDLL) -> bool:
    spaces = CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET
    status: int = libc.unshare(spaces) if hasattr(libc, "unshare") else -1
    return status == 0


def _become_first_process(libc: ctypes.CDLL) -> None:
    """Go on in a child that is the first process of its space: when it ends, all that it started ends."""
    child = os.fork()
    if child:
        _, status = os.waitpid(child, 0)
        os._exit(os.waitstatus_to_exitcode(status) & 0xFF)
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _can_only_write_here(libc: ctypes.CDLL) -> bool:
    attributes = ctypes.create_string_buffer(struct.pack("Q", CHANGES))
    rules = libc.syscall(LANDLOCK_CREATE_RULESET, attributes, ctypes.c_size_t(8), 0)
    if rules < 0:
        return False
    here = os.open(".", os.O_PATH)
    beneath = ctypes.create_string_buffer(struct.pack("=Qi", CHANGES, here))
    is_done: bool = (
        libc.syscall(LANDLOCK_ADD_RULE, rules, LANDLOCK_RULE_PATH_BENEATH, beneath, 0) == 0
        and libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0
        and libc.syscall(LANDLOCK_RESTRICT_SELF, rules, 0) == 0
    )
    os.close(here)
    os.close(rules)
    return is_done


if __name__ == "__main__":
    main()
