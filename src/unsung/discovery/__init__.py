"""Hidden gems: items that few buy and that more would, with their audience and their reasons."""
