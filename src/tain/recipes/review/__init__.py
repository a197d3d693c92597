"""Doubted labels, decided on by a person one after the other, and read back into the corpus."""
