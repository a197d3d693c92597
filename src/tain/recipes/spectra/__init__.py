"""Singular values of weight matrices before and after training, for a classifier or any two checkpoints."""
