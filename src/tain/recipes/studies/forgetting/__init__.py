"""What a training learns against what the network forgets over it."""
