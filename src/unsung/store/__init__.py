"""What the running service must not lose: events, items, choices, exposures, models, jobs."""
