"""The version, below every layer: whatever writes a file says which tain wrote it."""

VERSION = "0.1.0"
