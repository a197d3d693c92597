"""Which training texts made a classifier as it is, and which made it say what it said of one text."""
