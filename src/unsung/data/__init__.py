"""Shop files in, an immutable Dataset out."""
