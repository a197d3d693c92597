"""What a process may use, with and without a container's limits."""

import psutil
import pytest

from tain.core import machine
from tain.core.machine import GIB


@pytest.fixture
def cgroup(tmp_path, monkeypatch):
    monkeypatch.setattr(machine, "CGROUP", tmp_path)
    monkeypatch.setattr(machine, "OWN_GROUP", tmp_path / "own")

    def write(files):
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text + "\n")

    return write


@pytest.mark.parametrize(
    ("files", "cpus"),
    [
        ({"cpu.max": "150000 100000"}, 1.5),
        ({"cpu.max": "max 100000"}, None),
        ({"cpu/cpu.cfs_quota_us": "50000", "cpu/cpu.cfs_period_us": "100000"}, 0.5),
        ({"cpu/cpu.cfs_quota_us": "-1", "cpu/cpu.cfs_period_us": "100000"}, None),
        ({}, None),
        ({"own": "0::/a.slice/b.service", "a.slice/cpu.max": "100000 100000"}, 1.0),
        ({"own": "0::/a", "cpu.max": "300000 100000", "a/cpu.max": "200000 100000"}, 2.0),
        ({"own": "0::/../other", "cpu.max": "300000 100000"}, 3.0),
        ({"own": "12:cpu:/a\n0::/", "cpu.max": "max 100000"}, None),
    ],
)
def test_the_cores_a_container_grants_are_read_from_either_kind_of_cgroup(cgroup, files, cpus):
    cgroup(files)
    assert machine.container_cpus() == cpus


@pytest.mark.parametrize(
    ("files", "limit"),
    [
        ({"memory.max": str(2 * GIB)}, 2 * GIB),
        ({"memory.max": "max"}, None),
        ({"memory/memory.limit_in_bytes": str(GIB)}, GIB),
        ({"memory/memory.limit_in_bytes": "9223372036854771712"}, None),
        ({}, None),
    ],
)
def test_the_memory_a_container_grants_is_read_from_either_kind_of_cgroup(cgroup, files, limit):
    cgroup(files)
    assert machine.container_memory_bytes() == limit


def test_a_container_can_grant_part_of_a_core(cgroup):
    cgroup({"cpu.max": "50000 100000"})
    assert machine.n_cpus() == 0.5


def test_without_limits_free_memory_is_what_the_machine_has(cgroup):
    assert 0 < machine.free_memory_bytes() <= psutil.virtual_memory().total


def test_free_memory_is_what_the_container_has_left(cgroup):
    cgroup({"memory.max": str(64 << 20), "memory.current": str(60 << 20)})
    assert machine.free_memory_bytes() == 4 << 20


@pytest.mark.parametrize("prefix", ["memory.", "memory/memory."])
def test_files_kept_in_memory_count_as_free(cgroup, prefix):
    names = ["max", "current"] if prefix == "memory." else ["limit_in_bytes", "usage_in_bytes"]
    cgroup({prefix + names[0]: str(64 << 20), prefix + names[1]: str(60 << 20)})
    cgroup({prefix + "stat": f"anon 1\ninactive_file {20 << 20}\nslab 2"})
    assert machine.free_memory_bytes() == 24 << 20
