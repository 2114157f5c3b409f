"""Finds the faces on a photo, scores each from 1 to 10 and draws the result."""
