"""A repository of one's own: base, environments, CI, written from a few answers.

Written again by a later Sealift, it keeps what people have changed (``merge.py``).
"""
