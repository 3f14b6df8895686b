"""The composition root: the one place that knows settings and builds objects."""
