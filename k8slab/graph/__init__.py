"""What there is, as a networkx graph of objects and their relations."""
