"""Tests of `attrai.render`."""
