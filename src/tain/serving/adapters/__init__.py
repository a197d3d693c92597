"""Models by the folder: loaded when a request names one, dropped again, read together if they share a network."""
