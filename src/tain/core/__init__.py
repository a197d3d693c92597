"""The nouns every layer shares: examples, label sets, errors, files on disk and progress."""
