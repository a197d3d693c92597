import subprocess
import sys

from tain.mirrors.owner import is_surely_dead, new_owner

ASK = "from tain.mirrors.owner import new_owner; print(new_owner(), flush=True); input()"


def test_a_process_is_dead_when_it_is_gone_and_not_before():
    child = subprocess.Popen([sys.executable, "-c", ASK], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    owner = child.stdout.readline().strip()
    assert not is_surely_dead(owner)
    child.kill()
    child.communicate()
    assert is_surely_dead(owner)


def test_another_process_with_the_same_number_is_another_process():
    place, pid, start, token = new_owner().split("|")
    assert is_surely_dead("|".join((place, pid, "1", token)))
    assert not is_surely_dead("|".join((place, pid, start, token)))


def test_of_other_machines_nothing_is_known():
    _, _, start, token = new_owner().split("|")
    assert not is_surely_dead("|".join(("elsewhere", "999999999", start, token)))
    assert not is_surely_dead("nonsense")


def test_two_names_of_one_process_differ():
    assert new_owner() != new_owner()
