"""Every schema that a released version had, and the way from each to the next."""
