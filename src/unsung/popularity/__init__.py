"""Counts, segments, concentration and reasons for being in the tail: pure functions on arrays."""
