"""Rates files: from the paths of a command line to pictures and a report."""
