"""The stack's acceptance test: what `../verify` runs. Nothing but the standard library."""
