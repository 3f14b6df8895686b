"""Detectors that are models run here: by onnxruntime, on one core each. Nothing imports torch."""
