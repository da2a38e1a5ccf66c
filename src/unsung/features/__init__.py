"""The only place that makes ranker inputs, for past windows and live alike."""
