"""An environment moves to another version of a nested chart.

All results are computed in a copy of the sources (``copy.py``); then what differs is written.
"""

from builder.upgrade.run import Outcome, Request, upgrade

__all__ = ["Outcome", "Request", "upgrade"]
