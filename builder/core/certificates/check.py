"""Certificates of the authorities inside: read, and each looked at before anybody trusts it."""

import warnings
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from builder.core.certificates.files import File, Read, private_key, read, shown_name
from builder.core.certificates.model import Checked
from builder.core.findings import Finding, Severity

WARNED_BEFORE = timedelta(days=30)


def check(files: Sequence[tuple[str, bytes]], now: datetime) -> Checked:
    """Read files, as path and content, and look at each certificate in them.

    ``now`` decides which have expired. The findings name file, line and subject; of what else
    stands in a file, they say nothing.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of forms that later versions of cryptography refuse
        return _check([read(path, data) for path, data in files], now)


def _check(files: Sequence[File], now: datetime) -> Checked:
    findings = [finding for file in files for finding in file.findings]
    bad: set[str] = set()
    for file in files:
        for key in file.keys:
            finding, owner = private_key(file, key)
            findings.append(finding)
            bad |= {owner.certificate.fingerprint} if owner else set()
    first: dict[str, Read] = {}
    for one in (one for file in files for one in file.certificates):
        known = first.setdefault(one.certificate.fingerprint, one)
        if known is not one:
            findings.append(_duplicate(one, known))
    for one in first.values():
        found = [*_validity(one, now), *_authority(one), *_weak(one)]
        findings += found
        if any(finding.severity == "error" for finding in found):
            bad.add(one.certificate.fingerprint)
    good = [one for key, one in first.items() if key not in bad]
    findings += [*_chains(good), *_order(files)]
    return Checked(
        good=tuple(one.certificate for one in good),
        known=tuple(one.certificate for one in first.values()),
        findings=tuple(findings),
    )


def _finding(one: Read, code: str, cause: str, hint: str, severity: Severity = "error") -> Finding:
    return Finding(
        code=f"certificate-{code}", severity=severity, subject=one.certificate.subject,
        place=one.certificate.place, cause=cause, hint=hint,
    )  # fmt: skip


def _duplicate(one: Read, known: Read) -> Finding:
    cause = f"the same certificate stands in {known.certificate.place}: it is used once"
    return _finding(one, "duplicate", cause, "take one of the two out", "warning")


def _validity(one: Read, now: datetime) -> Iterator[Finding]:
    start, end = one.parsed.not_valid_before_utc, one.parsed.not_valid_after_utc
    if now > end:
        cause = f"it has expired: it was valid until {end:%Y-%m-%d %H:%M} UTC"
        yield _finding(one, "expired", cause, "name the certificate that follows it")
    elif now < start:
        cause = f"it is not valid yet: it will be from {start:%Y-%m-%d %H:%M} UTC"
        yield _finding(one, "not-yet-valid", cause, "keep the one before it until then")
    elif now > end - WARNED_BEFORE:
        cause = f"it expires soon: it is valid until {end:%Y-%m-%d %H:%M} UTC"
        yield _finding(
            one,
            "expires",
            cause,
            "have the certificate made that follows it, and name both until then",
            "warning",
        )


def _authority(one: Read) -> Iterator[Finding]:
    """Yield what is to be said of a certificate that does not say it may sign others."""
    from cryptography import x509

    if one.parsed.version is x509.Version.v1 and one.self_issued:
        return  # older than the extension
    extensions = one.parsed.extensions
    try:
        signs = extensions.get_extension_for_class(x509.BasicConstraints).value.ca
        usage = extensions.get_extension_for_class(x509.KeyUsage).value
        signs = signs and usage.key_cert_sign
    except x509.ExtensionNotFound as missing:
        signs = missing.oid != x509.BasicConstraints.oid and signs
    if signs:
        return
    if one.self_issued:
        yield _finding(
            one, "not-authority",
            "it is self-signed, but no authority: some programs trust it for its own server, "
            "others do not", "serve with a certificate that an authority has signed, and name that "
            "authority here", "warning",
        )  # fmt: skip
        return
    yield _finding(
        one, "not-authority", "it is a server's or a client's, not an authority's: nothing that "
        "it signed would be trusted", f"name the authority that signed it: {one.issuer}",
    )  # fmt: skip


def _weak(one: Read) -> Iterator[Finding]:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

    weak = []
    try:
        algorithm = one.parsed.signature_hash_algorithm
        if algorithm is not None and algorithm.name in ("md5", "sha1"):
            weak.append(f"it is signed with {algorithm.name.upper()}")
    except UnsupportedAlgorithm:
        weak.append("it is signed with what nobody knows")
    key = one.parsed.public_key()
    if isinstance(key, RSAPublicKey) and key.key_size < 2048:
        weak.append(f"its RSA key has {key.key_size} bits")
    if weak:
        cause = f"{' and '.join(weak)}: programs of today may refuse it"
        yield _finding(one, "weak", cause, "have another one made", "warning")


def _chains(good: Sequence[Read]) -> Iterator[Finding]:
    """Yield the certificates whose issuer is not among those to trust."""
    for one in good:
        if not one.self_issued and not any(_issued(one, other) for other in good):
            cause = (
                f"its issuer, {one.issuer}, is not among the certificates: many programs trust "
                "only what leads to a root"
            )
            yield _finding(one, "chain", cause, "name the issuer's certificate as well", "warning")


def _issued(one: Read, other: Read) -> bool:
    """Tell whether the other signed it: its name alone may be that of an earlier one."""
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

    try:
        one.parsed.verify_directly_issued_by(other.parsed)
    except (ValueError, TypeError, InvalidSignature):
        return False
    except UnsupportedAlgorithm:
        return one.parsed.issuer == other.parsed.subject
    return True


def _order(files: Sequence[File]) -> Iterator[Finding]:
    """Yield the certificates that stand behind their issuer: servers want them the other way."""
    for file in files:
        above: dict[str, Read] = {}
        for one in file.certificates:
            issuer = above.get(one.issuer)
            if issuer is not None and not one.self_issued:
                cause = f"it stands behind its issuer, of {issuer.certificate.place}"
                hint = "nothing to do here; what a server shows has to begin with its own"
                yield _finding(one, "order", cause, hint, "note")
            above.setdefault(shown_name(one.parsed.subject), one)
