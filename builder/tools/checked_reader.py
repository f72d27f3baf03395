"""Content on its way, held against its digest."""

import hashlib
import http.client
from collections.abc import Callable

from builder.tools.registry_errors import RegistryError
from builder.tools.registry_session import Readable


class DamagedError(RegistryError):
    """Content is not what its digest says."""

    def __init__(self, name: str, found: str, digest: str) -> None:
        super().__init__(
            f"{name} gives {found} for {digest}",
            hint="the registry's storage is damaged, or something in between changes content",
        )


class CheckedReader:
    """Reads content, and refuses its end when it was not that of the digest.

    The last piece is held back until then: what reads on a network connection never gets all of it.
    With a ``size`` in bytes, there is neither more nor less. ``advanced`` is told how large each
    piece is.
    """

    def __init__(
        self,
        answer: Readable,
        digest: str,
        name: str,
        size: int | None = None,
        advanced: Callable[[int], None] | None = None,
    ) -> None:
        self._answer = answer
        self._digest = digest
        self._name = name
        self._size = size
        self._advanced = advanced
        self._hash = hashlib.sha256()
        self._read = 0
        self._next: bytes | None = None

    def read(self, size: int = -1) -> bytes:
        """Return up to ``size`` bytes, all without one; nothing at the end."""
        if size < 0:
            return b"".join(iter(lambda: self.read(1 << 20), b""))
        if self._next is None:
            self._next = self._piece(size)
        piece, self._next = self._next, self._piece(size) if self._next else b""
        if not self._next:
            self._check()
        return piece

    def _check(self) -> None:
        found = f"sha256:{self._hash.hexdigest()}"
        if found != self._digest:
            raise DamagedError(self._name, found, self._digest)
        if self._size is not None and self._read != self._size:
            found = f"{self._read} bytes, not {self._size},"
            raise DamagedError(self._name, found, self._digest)

    def _piece(self, size: int) -> bytes:
        try:
            piece = self._answer.read(size)
        except (OSError, http.client.HTTPException) as error:
            raise RegistryError(f"{self._name} broke off: {type(error).__name__}") from error
        self._hash.update(piece)
        self._read += len(piece)
        if self._size is not None and self._read > self._size:
            found = f"more than {self._size} bytes"
            raise DamagedError(self._name, found, self._digest)
        if self._advanced is not None:
            self._advanced(len(piece))
        return piece
