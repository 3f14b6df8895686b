"""Segments in, verdict and edits out: detection, judgement and redaction put together."""
