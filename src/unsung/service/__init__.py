"""The HTTP service: routes, schemas, authorisation and limits; no business logic."""
