"""``bundle.lock.yaml`` as a bill of materials that scanners read: CycloneDX, SPDX.

By the libraries of the extras ``sbom`` and ``spdx``. No clock and no random number: the same bundle
has the same bill of materials, byte by byte.
"""
