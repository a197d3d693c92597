"""Texts as they come in: reading, checking, normalising, deduplicating, splitting, sampling and auditing."""
