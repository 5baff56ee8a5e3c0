"""The World: the store, the API verbs with admission, and the dispatch loop."""
