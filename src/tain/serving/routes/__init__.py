"""The addresses, a file for each group."""
