"""A certificate authority made on the spot, and certificates for servers on loopback."""

import ipaddress
import secrets
import ssl
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

if find_spec("cryptography") is not None:
    from tests.servers import tls_cryptography as maker
else:
    from tests.servers import tls_openssl as maker  # type: ignore[no-redef]


@dataclass(frozen=True)
class Certificate:
    """A server's certificate and private key, both PEM files."""

    certificate: Path
    key: Path

    def server_context(self) -> ssl.SSLContext:
        """The TLS settings of a server that shows this certificate."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, self.key)
        return context


@dataclass(frozen=True)
class CA:
    """An authority that nobody trusts unless told to: clients need ``certificate``."""

    certificate: Path
    key: Path

    def issue(self, *names: str) -> Certificate:
        """A new certificate for these host names and IP addresses, next to the authority's."""
        stem = self.certificate.parent / f"server-{secrets.token_hex(4)}"
        issued = Certificate(stem.with_suffix(".pem"), stem.with_suffix(".key"))
        maker.issue(
            self.certificate, self.key, issued.certificate, issued.key, [_san(n) for n in names]
        )
        return issued


def certificate_authority(folder: Path) -> CA:
    """A new authority whose files, ``ca.pem`` and ``ca.key``, lie in ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    authority = CA(folder / "ca.pem", folder / "ca.key")
    maker.create(authority.certificate, authority.key)
    return authority


def _san(name: str) -> tuple[str, str]:
    try:
        return "IP", str(ipaddress.ip_address(name))
    except ValueError:
        return "DNS", name
