"""Certificates that an environment's programs are to trust.

    checked = check([("pki/ca.pem", data)], now)
    missing(checked.good, pods, holders)

The library that reads them is loaded when there are some, and not before.
"""

from builder.core.certificates.check import check
from builder.core.certificates.model import Certificate, Checked
from builder.core.certificates.trust import config_map, listed, missing

__all__ = ["Certificate", "Checked", "check", "config_map", "listed", "missing"]
