"""What a training did to weight matrices, seen in their singular values: pure functions of arrays."""
