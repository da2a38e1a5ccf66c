"""A shop's files as they are, every row counted: read or set aside with the reason."""
