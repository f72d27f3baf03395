"""Across the gap: an environment as one archive, written on one side and brought in on another."""
