"""One module a resource kind: what the API server refuses, in its own words."""
