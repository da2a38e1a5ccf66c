"""Intervals, bootstrap and tests that know nothing of the domain."""
