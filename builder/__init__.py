"""Sealift: GitOps bundles for clusters without internet."""

__version__ = "0.1.0"
