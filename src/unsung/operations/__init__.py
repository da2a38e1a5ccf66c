"""Use cases on a running shop, shared by the command line and the service."""
