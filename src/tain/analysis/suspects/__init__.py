"""Texts whose label may be wrong, by several kinds of evidence: pure functions of arrays."""
