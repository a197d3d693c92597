"""AI texts that match human ones in topic, length and form."""
