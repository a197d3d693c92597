"""What scores are worth: intervals, thresholds, metrics, baselines and the Report. Arrays in, numbers out."""
