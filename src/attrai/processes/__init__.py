"""What runs: the bot, the sweeper, all in one process, and what a process does at its start."""
