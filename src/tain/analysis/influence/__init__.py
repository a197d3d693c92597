"""How much each training text moves a validation loss: estimators over per-text gradients, in blocks."""
