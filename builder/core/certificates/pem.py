"""PEM as it stands in files (RFC 7468): blocks with their lines, and the text between them.

What is read here is nobody's to see: a file may hold a private key beside its certificates.
"""

import base64
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass

_LINE_END = re.compile(r"\r\n|\r|\n")
_MARK = re.compile(r"^-----(BEGIN|END) ([^-]+(?:-[^-]+)*)-----")
# As when files were put one behind the other, the first without a line end.
_IN_LINE = re.compile(r"(?=-----BEGIN )")
_CERTIFICATE = re.compile(
    r"-----BEGIN (?:X509 )?CERTIFICATE-----(.*?)-----END (?:X509 )?CERTIFICATE-----", re.DOTALL
)


@dataclass(frozen=True, kw_only=True, slots=True, repr=False)
class Block:
    """One block: its label, the line that it begins on (from 1), and its whole text.

    ``closed`` tells that it ends with the line that belongs to it.
    """

    label: str
    line: int
    text: str
    closed: bool = True

    @property
    def is_key(self) -> bool:
        """Tell whether it holds a private key, of any kind."""
        return "PRIVATE KEY" in self.label


def read(text: str) -> tuple[list[Block], list[int]]:
    """Return the blocks of a file, and the lines of other text, but for empty ones and comments.

    A block that another begins in, or the file ends in, is not closed.
    """
    blocks: list[Block] = []
    others: list[int] = []
    start, label, held = 0, "", [""]
    for number, line in _lines(text):
        mark = _MARK.match(line)
        if mark and mark[1] == "BEGIN":
            if start:
                blocks.append(Block(label=label, line=start, text="", closed=False))
            start, label, held = number, mark[2], []
        elif not start:
            if not line.startswith("#"):
                others.append(number)
            continue
        held.append(line)
        if mark and mark[1] == "END":
            whole = "\n".join(held) + "\n"
            blocks.append(Block(label=label, line=start, text=whole, closed=mark[2] == label))
            start = 0
    if start:
        blocks.append(Block(label=label, line=start, text="", closed=False))
    return blocks, others


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Yield lines that are not empty, without the space around them, and each block's own."""
    for number, line in enumerate(_LINE_END.split(text), 1):
        for part in filter(None, _IN_LINE.split(line.strip())):
            yield number, part


def fingerprint(der: bytes) -> str:
    """Return the SHA-256 of a certificate's DER form, in hexadecimal."""
    return hashlib.sha256(der).hexdigest()


def fingerprints(text: str) -> Iterator[str]:
    """Yield the fingerprints of the certificates in a text, however it is written."""
    for match in _CERTIFICATE.finditer(text):
        try:
            yield fingerprint(base64.b64decode("".join(match[1].split()), validate=True))
        except ValueError:  # no base64, or not even of its signs
            continue
