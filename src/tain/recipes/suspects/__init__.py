"""Texts of a corpus whose label may be wrong, for a person to look at."""
