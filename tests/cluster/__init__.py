"""The promise where it counts: in a real API server, with real engines, forge and registry.

``python -m tests.cluster`` (``make e2e``) runs these tests in a network namespace of its own, which
has no way out; a plain pytest collects none of them. ``parts.py`` says which programs are there,
``namespace.py`` how they are shut in, ``recorder.py`` which hosts anything tried to reach.
"""
