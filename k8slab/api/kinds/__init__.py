"""One module a resource kind: its names, defaults and update strategy."""
