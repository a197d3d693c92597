"""What a detector should learn from next, and whether learning it helped: arrays and files, no network."""
