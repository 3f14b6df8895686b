"""Detectors find spans in text. They never decide what a span means and never rewrite."""
