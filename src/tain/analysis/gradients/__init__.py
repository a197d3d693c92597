"""The loss gradient of each text by itself: taken in batches, projected where wanted, kept on disk."""
