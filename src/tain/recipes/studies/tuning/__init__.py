"""Studies of tuning: methods beside each other on labelled tasks, every one at its own best learning rate."""
