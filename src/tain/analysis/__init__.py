"""What a model learned, and from which texts: from gradients and weights as arrays."""
