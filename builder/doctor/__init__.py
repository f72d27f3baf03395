"""The preflight: what has to be so before a bundle is merged, looked at and not changed."""
