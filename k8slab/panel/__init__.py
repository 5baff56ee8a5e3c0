"""The widgets: the only place that knows wall time."""
