"""The page on which a person decides on doubted labels, served to this machine alone."""
