"""Text-to-LoRA: a network that writes a LoRA adapter from the description of a task, in one forward pass.

    z --(encoder)--> phi;   (phi, depth, kind of matrix) --(hypernetwork)--> A, B;   y = W0 x + (alpha / r) B A x

Source: Charakorn et al. 2025, Text-to-LoRA: Instant Transformer Adaptation, arXiv:2506.06105. Differs: in every form,
not in L alone, A and B have biases of their own, so that before the first step every task gets one fresh LoRA with
B = 0 exactly. The network that is adapted is a classifier with a frozen head of two answers, where the paper's is a
language model; there is no noise on its embeddings.
"""

from tain.methods.text_to_lora.bank import AdapterBank
from tain.methods.text_to_lora.factors import Factors, fresh_factors
from tain.methods.text_to_lora.hypernetwork import Hypernetwork, n_parameters
from tain.methods.text_to_lora.injection import injected
from tain.methods.text_to_lora.places import Place, find_places
from tain.methods.text_to_lora.settings import HypernetworkSettings

__all__ = [
    "AdapterBank",
    "Factors",
    "Hypernetwork",
    "HypernetworkSettings",
    "Place",
    "find_places",
    "fresh_factors",
    "injected",
    "n_parameters",
]
