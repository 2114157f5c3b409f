"""The commands `attrai evaluate` and `attrai train`."""
