"""The environments of a repository: which there are, one more, and what goes from one to another.

``promote.py`` computes in a copy of the sources, as an upgrade does.
"""
