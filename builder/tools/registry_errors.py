"""What goes wrong with a registry, said so that its reader can act on it; never with a secret."""

import ssl

from builder.core.errors import ToolError
from builder.core.text import printable


class RegistryError(ToolError):
    """A registry does not do what it should; ``host`` is set when that holds for all of it."""

    def __init__(self, what: str, *, hint: str | None = None, host: str = "") -> None:
        super().__init__(what, hint=hint)
        self.host = host


def unreachable(host: str, error: Exception) -> RegistryError:
    """Return the error of a registry that does not answer."""
    reason = getattr(error, "verify_message", None) or getattr(error, "strerror", None) or error
    hint = "is the registry reachable from here?"
    if isinstance(error, ssl.SSLError):
        hint = "name the CA that signed its certificate in SEALIFT_CA_FILE"
    return RegistryError(
        f"cannot reach the registry {host}: {printable(str(reason))}", hint=hint, host=host
    )
