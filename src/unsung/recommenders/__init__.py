"""First-stage scorers: one algorithm a file."""
