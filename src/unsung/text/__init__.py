"""Cleaning, documents, term vectors and encoders."""
