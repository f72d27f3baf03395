"""Files of certificates: what stands in them, and what is to be said of that."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from builder.core.certificates import pem
from builder.core.certificates.model import Certificate
from builder.core.certificates.pem import Block
from builder.core.findings import Finding, Severity
from builder.core.text import printable

if TYPE_CHECKING:
    from cryptography import x509

_LABELS = ("CERTIFICATE", "X509 CERTIFICATE")
# Other ways to write certificates, and what turns them into the plain one.
_CONVERT = {
    "TRUSTED CERTIFICATE": "openssl x509 -in {file}",
    "PKCS7": "openssl pkcs7 -print_certs -in {file}",
}


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Read:
    """A certificate as cryptography reads it."""

    parsed: "x509.Certificate"
    certificate: Certificate

    @property
    def issuer(self) -> str:
        """The name of what signed it."""
        return shown_name(self.parsed.issuer)

    @property
    def self_issued(self) -> bool:
        """Tell whether it names itself as its issuer."""
        return self.parsed.subject == self.parsed.issuer


@dataclass(kw_only=True, slots=True)
class File:
    """What a file came to."""

    path: str
    certificates: list[Read] = field(default_factory=list)
    keys: list[Block] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    def say(
        self,
        code: str,
        cause: str,
        hint: str,
        *,
        subject: str = "",
        line: int = 0,
        severity: Severity = "error",
    ) -> None:
        """Add a finding, of the whole file or of a line."""
        self.findings.append(
            Finding(
                code=f"certificate-{code}",
                severity=severity,
                subject=subject or self.path,
                place=f"{self.path}:{line}" if line else self.path,
                cause=cause,
                hint=hint,
            )
        )


def read(path: str, data: bytes) -> File:
    """Read a file: its certificates in order, the private keys in it, and what else is wrong."""
    file = File(path=path)
    if b"-----BEGIN " not in data:
        _no_pem(file, data)
        return file
    text = data.decode("utf-8-sig", "replace")  # comments may be in any encoding
    blocks, others = pem.read(text)
    for block in blocks:
        _block(file, block)
    if others:
        file.say(
            "other-text", "text outside of the certificates: it is left out",
            "nothing to do when it only describes them; begin such lines with #",
            line=others[0], severity="warning",
        )  # fmt: skip
    if "\r\n" in text:
        cause = "the lines end as on Windows: they are written as elsewhere"
        file.say("line-ends", cause, "nothing to do", severity="note")
    return file


def _no_pem(file: File, data: bytes) -> None:
    """Say what a file is that holds no PEM."""
    from cryptography import x509

    try:
        subject = _subject(x509.load_der_x509_certificate(data))
    except ValueError:
        if data.strip():
            cause = "the file is neither PEM nor a certificate in DER"
        else:
            cause = "the file is empty"
        file.say(
            "unreadable", cause, "give certificates as PEM, with -----BEGIN CERTIFICATE----- above "
            "each; from PKCS #7: openssl pkcs7 -inform der -print_certs, from PKCS #12: openssl "
            "pkcs12 -nokeys",
        )  # fmt: skip
        return
    target = f"{file.path.removesuffix('.der').removesuffix('.pem')}-pem.pem"
    file.say(
        "unreadable", "the file is a certificate in DER, not in PEM",
        f"convert it: openssl x509 -inform der -in {file.path} -out {target}", subject=subject,
    )  # fmt: skip


def _block(file: File, block: Block) -> None:
    if block.is_key:
        file.keys.append(block)
    elif not block.closed:
        cause = "the block is cut off: the line that ends it is missing"
        file.say("unreadable", cause, "bring the file again", line=block.line)
    elif block.label in _LABELS:
        _certificate(file, block)
    elif block.label in _CONVERT:
        cause = f"the block is a {block.label}, not a plain certificate"
        hint = f"convert it: {_CONVERT[block.label].format(file=file.path)}"
        file.say("unreadable", cause, hint, line=block.line)
    else:
        file.say(
            "other-text", "the block is no certificate: it is left out", "take it out of the file",
            line=block.line, severity="warning",
        )  # fmt: skip


def _certificate(file: File, block: Block) -> None:
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import Encoding

    text = block.text.replace(f" {block.label}-----", " CERTIFICATE-----")
    try:
        parsed = x509.load_pem_x509_certificate(text.encode())
        parsed.extensions, parsed.public_key()  # they are read only when somebody asks
    except (ValueError, UnsupportedAlgorithm):
        cause = "what stands in the block is not a certificate"
        hint = "bring the file again, or take the block out"
        file.say("unreadable", cause, hint, line=block.line)
        return
    der = parsed.public_bytes(Encoding.DER)
    certificate = Certificate(
        pem=parsed.public_bytes(Encoding.PEM).decode(),
        subject=_subject(parsed),
        place=f"{file.path}:{block.line}",
        fingerprint=pem.fingerprint(der),
    )
    file.certificates.append(Read(parsed=parsed, certificate=certificate))


def _subject(parsed: "x509.Certificate") -> str:
    return (
        shown_name(parsed.subject) or f"serial number {parsed.serial_number:x}, without a subject"
    )


def shown_name(name: "x509.Name") -> str:
    """Write a name as RFC 4514 does, fit to be printed: it is other people's text."""
    return printable(name.rfc4514_string())


def private_key(file: File, block: Block) -> tuple[Finding, Read | None]:
    """Refuse a private key; return also the certificate in its file that it belongs to."""
    owner = _owner(file, block)
    subject = owner.certificate.subject if owner else file.path
    finding = Finding(
        code="certificate-private-key",
        subject=subject,
        place=f"{file.path}:{block.line}",
        cause="a private key in a file that is committed to Git: whoever reads it can pose as "
        + ("this authority" if owner else "its owner"),
        hint="take the key out of the file; where it was committed, it is no secret any more: "
        "have another certificate made",
    )
    return finding, owner


def _owner(file: File, block: Block) -> Read | None:
    """Return the certificate that a private key belongs to; an encrypted one does not tell."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization

    try:
        key: Any = serialization.load_pem_private_key(block.text.encode(), password=None)
        public = key.public_key()
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return file.certificates[0] if len(file.certificates) == 1 else None
    return next((one for one in file.certificates if one.parsed.public_key() == public), None)
