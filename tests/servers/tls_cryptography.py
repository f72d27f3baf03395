"""Certificates by way of the ``cryptography`` package, which need not be installed."""

import datetime
import ipaddress
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    # Not a dependency of the project: mypy must pass without it.
    hashes: Any
    serialization: Any
    ec: Any
    x509: Any
else:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec


def create(certificate: Path, key: Path) -> None:
    """Write a new authority's certificate and key."""
    private = ec.generate_private_key(ec.SECP256R1())
    name = _name("Tests' authority")
    builder = (
        _builder(name, name, private.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
    )
    _write(builder.sign(private, hashes.SHA256()), private, certificate, key)


def issue(
    ca_certificate: Path, ca_key: Path, certificate: Path, key: Path, names: list[tuple[str, str]]
) -> None:
    """Write a server's certificate and key, signed by the authority, for ("DNS"|"IP", name)s."""
    authority = x509.load_pem_x509_certificate(ca_certificate.read_bytes())
    signer = serialization.load_pem_private_key(ca_key.read_bytes(), password=None)
    private = ec.generate_private_key(ec.SECP256R1())
    alternatives = [
        x509.IPAddress(ipaddress.ip_address(name)) if kind == "IP" else x509.DNSName(name)
        for kind, name in names
    ]
    issuer_key = x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.public_key())
    server_auth = x509.ExtendedKeyUsage([x509.ExtendedKeyUsageOID.SERVER_AUTH])
    builder = (
        _builder(_name(names[0][1]), authority.subject, private.public_key())
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(issuer_key, critical=False)
        .add_extension(server_auth, critical=False)
        .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
    )
    _write(builder.sign(signer, hashes.SHA256()), private, certificate, key)


def _name(common: str) -> Any:
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, common)])


def _builder(subject: Any, issuer: Any, public_key: Any) -> Any:
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=2))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
    )


def _usage(*, signs_certificates: bool) -> Any:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _write(signed: Any, private: Any, certificate: Path, key: Path) -> None:
    certificate.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    key.write_bytes(
        private.private_bytes(
            serialization.Encoding.PEM,
            # As openssl writes it: of elliptic keys, the API server reads no other form.
            serialization.PrivateFormat.TraditionalOpenSSL,
            serialization.NoEncryption(),
        )
    )
