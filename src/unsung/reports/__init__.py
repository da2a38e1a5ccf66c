"""Tables in, charts and HTML pages out."""
