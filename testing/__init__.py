"""Helpers shared by tests and benchmarks: servers, a GELF receiver, fault injection, waiting."""
