"""How the network that writes adapters learns: from the texts of many tasks, or from adapters trained for each.

Source: Charakorn et al. 2025, arXiv:2506.06105.
"""

from tain.training.text_to_lora.network import AdaptedNetwork
from tain.training.text_to_lora.reconstruction import mean_and_spread, reconstruction_error, train_reconstruction
from tain.training.text_to_lora.settings import ReconstructionSettings, SupervisedSettings
from tain.training.text_to_lora.supervised import train_supervised
from tain.training.text_to_lora.tasks import TaskRows

__all__ = [
    "AdaptedNetwork",
    "ReconstructionSettings",
    "SupervisedSettings",
    "TaskRows",
    "mean_and_spread",
    "reconstruction_error",
    "train_reconstruction",
    "train_supervised",
]
