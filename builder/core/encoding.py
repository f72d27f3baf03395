"""Base64, as it stands in Secrets, and what can be read of the bytes in it."""

import base64
import binascii
import re
import zlib

_GZIP = b"\x1f\x8b\x08"
_LARGEST = 4 * 1024 * 1024  # of what unpacks: more is content, and bombs
_READABLE = re.compile(rb"[\t\r\n\x20-\x7e]{4,}")


def decoded(text: str) -> str:
    """Decode base64, as in a Secret's data, where Go skips line ends; empty when it is no text."""
    try:
        return base64.b64decode(re.sub(r"[\r\n]", "", text), validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return ""


def readable(text: str) -> str:
    """Decode base64 of anything: text, text in gzip, or the readable runs of what is neither."""
    try:
        data = unzipped(base64.b64decode(re.sub(r"[\r\n]", "", text), validate=True))
    except (binascii.Error, ValueError):
        return ""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return b"\n".join(_READABLE.findall(data)).decode("ascii")


def unzipped(data: bytes) -> bytes:
    """Return what gzip has packed, up to a limit; what is not packed as it is."""
    if not data.startswith(_GZIP):
        return data
    try:
        return zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(data, _LARGEST)
    except zlib.error:
        return data
