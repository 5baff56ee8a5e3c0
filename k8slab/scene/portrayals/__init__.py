"""One module a kind: what it looks like."""
