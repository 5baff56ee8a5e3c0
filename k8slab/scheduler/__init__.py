"""The scheduler: which node a Pod goes to, and why it fits nowhere."""
