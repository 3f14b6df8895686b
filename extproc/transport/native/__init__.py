"""A gRPC server on HTTP/2 frames of its own: the transport of the fast lane."""
