"""Certificates of authorities for tests: good ones, and each with one thing wrong."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
LASTING = datetime(2100, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Authority:
    """A certificate with its key."""

    certificate: x509.Certificate
    key: Any

    @property
    def pem(self) -> str:
        return self.certificate.public_bytes(serialization.Encoding.PEM).decode()

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.DER)

    @property
    def subject(self) -> str:
        return self.certificate.subject.rfc4514_string()

    def key_pem(self, password: bytes | None = None) -> str:
        """The key as PKCS #8, encrypted where a password is given."""
        encryption: serialization.KeySerializationEncryption = serialization.NoEncryption()
        if password:
            encryption = serialization.BestAvailableEncryption(password)
        pkcs8 = serialization.PrivateFormat.PKCS8
        written: bytes = self.key.private_bytes(serialization.Encoding.PEM, pkcs8, encryption)
        return written.decode()


def authority(
    name: str = "Corp Root",
    *,
    issuer: Authority | None = None,
    ca: bool | None = True,
    signs: bool | None = None,
    start: datetime = NOW - timedelta(days=365),
    end: datetime = LASTING,
    key: Any = None,
) -> Authority:
    """A new certificate: self-signed without ``issuer``, without basicConstraints for ``ca=None``.

    ``signs`` is the keyUsage for certificates, None for no such extension.
    """
    key = key or ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(end)
    )
    if ca is not None:
        constraints = x509.BasicConstraints(ca=ca, path_length=None)
        builder = builder.add_extension(constraints, critical=True)
    if signs is not None:
        builder = builder.add_extension(_usage(signs), critical=True)
    signer = issuer.key if issuer else key
    return Authority(builder.sign(signer, hashes.SHA256()), key)


def _usage(signs: bool) -> x509.KeyUsage:
    others = dict.fromkeys(
        ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
         "encipher_only", "decipher_only", "crl_sign"), False,
    )  # fmt: skip
    return x509.KeyUsage(digital_signature=not signs, key_cert_sign=signs, **others)
