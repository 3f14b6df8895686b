"""Detectors that somebody else runs, over gRPC and HTTP. Imported where a policy has one."""
