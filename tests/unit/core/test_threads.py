"""The number of threads: asked for, granted by affinity and container, or idle."""

from types import SimpleNamespace

import psutil
import pytest

from tain.core import threads


@pytest.fixture(autouse=True)
def four_cores(monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr(threads, "n_cpus", lambda: 4.0)
    monkeypatch.setattr(threads.os, "cpu_count", lambda: 8)


def busy(monkeypatch, **times):
    monkeypatch.setattr(psutil, "cpu_times_percent", lambda interval: SimpleNamespace(**times))


def test_what_is_asked_for_is_taken(monkeypatch):
    busy(monkeypatch, idle=0.0, iowait=0.0, nice=0.0)
    assert threads.granted_threads(3) == threads.idle_threads(3) == 3


@pytest.mark.parametrize(("value", "n"), [("2", 2), ("2,1", 2), ("0", 4), ("all", 4), ("", 4)])
def test_the_usual_variable_is_heeded(monkeypatch, value, n):
    monkeypatch.setenv("OMP_NUM_THREADS", value)
    assert threads.granted_threads() == n


@pytest.mark.parametrize(("cpus", "n"), [(0.5, 1), (1.9, 1), (2.0, 2)])
def test_part_of_a_core_is_no_thread_but_one_there_always_is(monkeypatch, cpus, n):
    monkeypatch.setattr(threads, "n_cpus", lambda: cpus)
    assert threads.granted_threads() == n


@pytest.mark.parametrize(("idle", "n"), [(100.0, 4), (50.0, 4), (25.0, 2), (12.0, 1), (0.0, 1)])
def test_threads_that_wait_for_each_other_take_idle_cores_alone(monkeypatch, idle, n):
    busy(monkeypatch, idle=idle, iowait=0.0, nice=0.0)
    assert threads.idle_threads() == n


@pytest.mark.parametrize(("priority", "n"), [(0, 4), (10, 1)])
def test_what_runs_at_a_lower_priority_gives_way(monkeypatch, priority, n):
    busy(monkeypatch, idle=10.0, iowait=0.0, nice=90.0)
    monkeypatch.setattr(threads.os, "getpriority", lambda which, who: priority)
    assert threads.idle_threads() == n
