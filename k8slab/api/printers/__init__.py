"""One module a resource kind: its columns and cells, as the server prints them."""
