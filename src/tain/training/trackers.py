"""TensorBoard, MLflow, trackio or W&B on request, through accelerate; nothing by default."""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING

from tain.core.errors import MissingExtraError
from tain.training.config import TrainingConfig

if TYPE_CHECKING:
    from accelerate import Accelerator

PROJECT = "tain"


def require_tracker(config: TrainingConfig) -> None:
    """Return only if the tracker asked for is installed.

    Args:
        config: `report_to` names it.

    Raises:
        MissingExtraError: If its package is not there.
    """
    if config.report_to != "none" and importlib.util.find_spec(config.report_to) is None:
        raise MissingExtraError(f"training.report_to = {config.report_to!r}", config.report_to)


class Tracker:
    """Sends metrics where the settings say. The local history is written in any case."""

    def __init__(self, accelerator: Accelerator, config: TrainingConfig) -> None:
        """Open the tracker.

        Args:
            accelerator: Holds the connection.
            config: `report_to` names the tracker; the settings are sent along.

        """
        self.accelerator = accelerator
        self.is_on = config.report_to != "none"
        if self.is_on:
            settings = {name: value for name, value in config.model_dump().items() if value is not None}
            accelerator.init_trackers(PROJECT, config=settings)

    def log(self, values: dict[str, float], *, step: int) -> None:
        """Send metrics of a step."""
        if self.is_on:
            self.accelerator.log(values, step=step)

    def end(self) -> None:
        """Close the tracker."""
        if self.is_on:
            # `end_training` would end the group of processes as well.
            for tracker in self.accelerator.trackers:
                tracker.finish()
