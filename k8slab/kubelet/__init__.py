"""The kubelets: what happens to a Pod once it is bound to a node."""
