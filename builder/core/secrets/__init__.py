"""Credentials in custom resources, and the Secrets that take their place.

    found = finding.credentials(chart, rule, written)  # which there are, what refers to each
    body = proof.planted(resource.body, found)         # render that, and look for the tokens
    text = patching.write(resources, proven)           # the patch file

Pure: resources and texts in, values and texts out. No value of a credential is in any text that
comes out, or in the ``repr`` of what carries it.
"""

from builder.core.secrets.model import Credential, WantedSecret, contested, wanted

__all__ = ["Credential", "WantedSecret", "contested", "wanted"]
