"""The stack's acceptance test, which `../verify` runs. It needs only the standard library."""
