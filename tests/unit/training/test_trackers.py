"""What is sent to a tracker. The tracker is made up; everything between is accelerate's own."""

from typing import ClassVar

import pytest
from accelerate import Accelerator
from accelerate.tracking import LOGGER_TYPE_TO_CLASS, GeneralTracker
from accelerate.utils import LoggerType
from tests.tiny import save_tiny_encoder
from tests.unit.training.test_engine import engine

from tain.training.config import TrainingConfig
from tain.training.trackers import PROJECT, Tracker


class RecordingTracker(GeneralTracker):
    """Keeps what it is told.

    Attributes:
        opened: Every one that accelerate made.
    """

    name = "trackio"
    requires_logging_directory = False
    opened: ClassVar[list["RecordingTracker"]] = []

    def __init__(self, project, **settings):
        super().__init__()
        self.project, self.settings, self.logged, self.is_finished = project, {}, [], False
        self.opened.append(self)

    @property
    def tracker(self):
        return self

    def store_init_configuration(self, values):
        self.settings = values

    def log(self, values, step=None, **settings):
        self.logged.append((step, dict(values)))

    def finish(self):
        self.is_finished = True


@pytest.fixture
def opened(monkeypatch, tmp_path):
    """The trackers that accelerate opens, with a package by the name of one installed."""
    (tmp_path / "trackio.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setitem(LOGGER_TYPE_TO_CLASS, "trackio", RecordingTracker)
    monkeypatch.setattr("accelerate.tracking.get_available_trackers", lambda: [LoggerType.TRACKIO])
    monkeypatch.setattr(RecordingTracker, "opened", [])
    return RecordingTracker.opened


def test_settings_and_metrics_of_each_step_are_sent_and_the_tracker_is_closed(opened):
    config = TrainingConfig(report_to="trackio", lr=0.5)
    tracker = Tracker(Accelerator(cpu=True, log_with="trackio"), config)
    tracker.log({"train/loss": 0.25}, step=1)
    tracker.log({"train/loss": 0.125, "eval/tpr": 0.5}, step=2)
    (own,) = opened
    assert own.project == PROJECT
    assert own.settings["lr"] == 0.5
    assert None not in own.settings.values()
    assert own.logged == [(1, {"train/loss": 0.25}), (2, {"train/loss": 0.125, "eval/tpr": 0.5})]
    assert not own.is_finished
    tracker.end()
    assert own.is_finished


def test_nothing_is_sent_unless_it_was_asked_for(opened):
    tracker = Tracker(Accelerator(cpu=True), TrainingConfig())
    tracker.log({"train/loss": 0.25}, step=1)
    tracker.end()
    assert opened == []


def test_a_training_sends_what_it_writes_into_its_history(opened, tmp_path):
    training = engine(str(save_tiny_encoder(tmp_path / "base")), tmp_path, n_epochs=1, report_to="trackio")
    training.train()
    (own,) = opened
    written = [{k: v for k, v in entry.items() if k != "duration_s"} for entry in training.run.entries()]
    assert [{"step": step, **values} for step, values in own.logged] == written
    assert {"train/loss", "eval/tpr"} <= {name for _, values in own.logged for name in values}
    assert own.is_finished
