"""Base64, as it stands in Secrets."""

import base64
import binascii
import re


def decoded(text: str) -> str:
    """Decode base64, as in a Secret's data, where Go skips line ends; empty when it is no text."""
    try:
        return base64.b64decode(re.sub(r"[\r\n]", "", text), validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return ""
