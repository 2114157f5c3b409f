"""Start and shutdown of processes. Imported first, so nothing here imports more than it must."""
