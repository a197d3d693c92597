"""Weights in few bits: codebooks, packed storage, what low rank adds to them, and how a budget of bits is spent."""

from tain.methods.quantised.blockwise import Packed, dequantise, quantise
from tain.methods.quantised.budget import Choice, allocate, candidates
from tain.methods.quantised.codebook import normal_float
from tain.methods.quantised.decomposition import Decomposition, decompose
from tain.methods.quantised.fisher import fisher
from tain.methods.quantised.layout import Layout
from tain.methods.quantised.linear import QuantisedLinear
from tain.methods.quantised.size import bits_per_weight, weight_bytes

__all__ = [
    "Choice",
    "Decomposition",
    "Layout",
    "Packed",
    "QuantisedLinear",
    "allocate",
    "bits_per_weight",
    "candidates",
    "decompose",
    "dequantise",
    "fisher",
    "normal_float",
    "quantise",
    "weight_bytes",
]
