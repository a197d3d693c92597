"""What a language model writes: whether it is right, how often of several tries, and how much of it is the same."""
