"""How processes begin and end; imported first, so nothing here imports more than it must."""
