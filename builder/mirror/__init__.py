"""The mirror: what has to be in it, and copying that there."""
