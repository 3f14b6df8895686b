"""Policy sidecar for LLM traffic: an Envoy external processor."""

__version__ = "0.1.0"
