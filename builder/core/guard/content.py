"""The content of a Secret: each text in it that is neither encrypted, public, nor a reference."""

import re
from collections.abc import Iterator

from builder.core.credentials import is_reference
from builder.core.encoding import decoded
from builder.core.guard.forms import without_public
from builder.core.guard.model import Suspect
from builder.core.manifests import Body
from builder.core.overrides import leaves
from builder.core.pointer import get

SECTIONS = ("data", "stringData")
# What SOPS writes for a value: https://github.com/getsops/sops#encrypting-only-parts-of-a-file
_ENCRYPTED = re.compile(r"ENC\[AES256_GCM,data:[^\]]*,iv:[^\]]+,tag:[^\]]+,type:\w+\]")
# What is left over of a public PEM block: the words of its last line.
_PEM_END = "-ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 \r\n"


def is_encrypted(body: Body) -> bool:
    """Tell whether SOPS has encrypted values of a body; it reads them by a block of its own."""
    return bool(get(body, ("sops", "mac")) and get(body, ("sops", "version")))


def content(body: Body) -> Iterator[Suspect]:
    """Yield each value of a Secret that anybody could read; certificates are public.

    What is no Secret that Kubernetes takes, a list for a mapping, is committed all the same.
    """
    encrypted = is_encrypted(body)
    for section in SECTIONS:
        for path, value in leaves(body.get(section), (section,)):
            text = value if isinstance(value, str) else str(value)
            if encrypted and _ENCRYPTED.fullmatch(text):
                continue
            plain = (decoded(text) or text) if section == "data" else text
            if value is not None and _is_open(plain):
                yield Suspect(name=path[-1], path=path, form="content", value=plain)


def _is_open(text: str) -> bool:
    if _ENCRYPTED.fullmatch(text):
        return True  # nobody could decrypt it: SOPS left no block of its own
    return bool(text.strip()) and not is_reference(text) and not _is_public(text)


def _is_public(text: str) -> bool:
    """Tell whether a text is nothing but certificates and public keys."""
    return "-----BEGIN " in text and not without_public(text).strip(_PEM_END)
