"""Certificates by way of the ``openssl`` command."""

import subprocess
from pathlib import Path

_NAME = "[req]\ndistinguished_name = name\nprompt = no\n[name]\nCN = {}\n"

_AUTHORITY = """[extensions]
basicConstraints = critical, CA:TRUE, pathlen:0
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
"""

_SERVER = """[extensions]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
subjectAltName = {}
"""


def create(certificate: Path, key: Path) -> None:
    """Write a new authority's certificate and key."""
    _make(certificate, key, "Tests' authority", _AUTHORITY, ["-signkey", str(key)])


def issue(
    ca_certificate: Path, ca_key: Path, certificate: Path, key: Path, names: list[tuple[str, str]]
) -> None:
    """Write a server's certificate and key, signed by the authority, for ("DNS"|"IP", name)s."""
    extensions = _SERVER.format(", ".join(f"{kind}:{name}" for kind, name in names))
    # A serial number of our own: -CAcreateserial shares a file between servers that start at once.
    serial = f"0x{certificate.stem.rpartition('-')[2]}"
    signer = ["-CA", str(ca_certificate), "-CAkey", str(ca_key), "-set_serial", serial]
    _make(certificate, key, names[0][1], extensions, signer)


def _make(certificate: Path, key: Path, common: str, extensions: str, signer: list[str]) -> None:
    request, config = certificate.with_suffix(".csr"), certificate.with_suffix(".cnf")
    config.write_text(_NAME.format(common) + extensions)
    _openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", str(key))
    _openssl("req", "-new", "-key", str(key), "-config", str(config), "-out", str(request))
    extend = ["-extfile", str(config), "-extensions", "extensions"]
    paths = ["-in", str(request), "-out", str(certificate)]
    _openssl("x509", "-req", *paths, "-days", "2", "-sha256", *extend, *signer)


def _openssl(*arguments: str) -> None:
    done = subprocess.run(["openssl", *arguments], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"openssl {arguments[0]} failed:\n{done.stderr[-2000:]}")
