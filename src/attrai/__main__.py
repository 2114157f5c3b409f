"""`python -m attrai` is the `attrai` program."""

from attrai.cli import main

main()
