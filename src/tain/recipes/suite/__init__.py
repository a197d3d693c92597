"""Suites of tasks with descriptions, the network that learns to write adapters from them, and the adapters it writes.

Source: Charakorn et al. 2025, arXiv:2506.06105.
"""
