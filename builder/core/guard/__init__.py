"""The secret guard: what in resources and in their sources is a credential in the open.

Told by the rules of a base, by the names of keys, by the forms of tokens and keys, by randomness.
Findings name file and place, and never hold a value, nor a part of one.
"""

from builder.core.guard.model import Suspect
from builder.core.guard.resources import of_operation, of_resource
from builder.core.guard.walk import Walk, comments

__all__ = ["Suspect", "Walk", "comments", "of_operation", "of_resource"]
