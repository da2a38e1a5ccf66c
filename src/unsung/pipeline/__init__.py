"""From a request to a list: components, bundle, recommend."""
