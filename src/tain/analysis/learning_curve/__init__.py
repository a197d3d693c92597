"""How an error falls with the number of training texts, and how much further: pure functions of arrays."""
