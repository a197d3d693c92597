"""How a Backbone is made trainable: one small file per method, named as its paper names it."""

from tain.methods.method import Method
from tain.methods.registry import METHODS, build_method

__all__ = ["METHODS", "Method", "build_method"]
