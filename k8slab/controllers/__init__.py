"""One module a controller: a pure function from what it sees to a plan."""
