"""One module a family of edges."""
