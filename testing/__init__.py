"""What tests and benchmarks share: servers, a GELF receiver, faults, patience."""
