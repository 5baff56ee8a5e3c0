"""One module a kubectl command."""
