"""One module a rule that filters or scores nodes."""
