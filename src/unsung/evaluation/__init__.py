"""Metrics, protocols, significance: tables in, no model known."""
