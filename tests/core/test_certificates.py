"""Certificates: what is read, what is said of each, and which are used."""

import ssl
from collections.abc import Callable
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7

from builder.core.certificates import Checked, check, pem
from tests.authorities import NOW, Authority, authority

DAY = timedelta(days=1)
ROOT = authority()
OTHER = authority("Other Root")
LINES = ROOT.pem.count("\n")
CODES = "certificate-"


def checked(*texts: str | bytes, now: object = NOW) -> Checked:
    files = [
        (f"pki/{i}.pem", text if isinstance(text, bytes) else text.encode())
        for i, text in enumerate(texts)
    ]
    return check(files, now)  # type: ignore[arg-type]


def said(found: Checked) -> list[tuple[str, str, str, str]]:
    return [(f.severity, f.code.removeprefix(CODES), f.subject, f.place) for f in found.findings]


def good(found: Checked) -> list[str]:
    return [one.pem for one in found.good]


def test_a_root_is_used_and_nothing_is_said() -> None:
    found = checked(ROOT.pem)
    assert (good(found), said(found)) == ([ROOT.pem], [])
    [one] = found.good
    assert (one.subject, one.place) == ("CN=Corp Root", "pki/0.pem:1")


def test_a_bundle_of_a_good_an_expired_a_second_and_one_with_its_key() -> None:
    expired = authority("Old Root", end=NOW - DAY)
    open_ = authority("Open Root")
    found = checked(ROOT.pem + expired.pem + ROOT.pem + open_.pem + open_.key_pem())
    lines = [ROOT.pem.count("\n"), expired.pem.count("\n"), ROOT.pem.count("\n")]
    key = sum(lines) + open_.pem.count("\n") + 1
    assert good(found) == [ROOT.pem]
    assert sorted(said(found)) == [
        ("error", "expired", "CN=Old Root", f"pki/0.pem:{lines[0] + 1}"),
        ("error", "private-key", "CN=Open Root", f"pki/0.pem:{key}"),
        ("warning", "duplicate", "CN=Corp Root", f"pki/0.pem:{lines[0] + lines[1] + 1}"),
    ]
    text = repr(found)
    assert not any(line in text for line in open_.key_pem().splitlines()[1:-1])


@pytest.mark.parametrize("order", ["key first", "key last"])
def test_a_key_names_the_certificate_that_it_belongs_to(order: str) -> None:
    mine = authority("Mine")
    parts = [ROOT.pem, mine.pem, OTHER.pem]
    found = checked("".join([mine.key_pem(), *parts] if order == "key first" else
                            [*parts, mine.key_pem()]))  # fmt: skip
    assert [entry[1:3] for entry in said(found)] == [("private-key", "CN=Mine")]
    assert good(found) == [ROOT.pem, OTHER.pem]


@pytest.mark.parametrize(
    ("text", "subject"),
    [
        (ROOT.pem + ROOT.key_pem(b"secret"), "CN=Corp Root"),
        (ROOT.pem + OTHER.pem + ROOT.key_pem(b"secret"), "pki/0.pem"),
        (ROOT.pem + OTHER.key_pem(), "pki/0.pem"),
        (OTHER.key_pem(), "pki/0.pem"),
        (ROOT.pem + "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n", "CN=Corp Root"),
        (ROOT.pem.rstrip() + OTHER.key_pem(), "pki/0.pem"),
        (ROOT.pem + '"-----BEGIN PRIVATE KEY-----\\nAAAA\\n"\n', "CN=Corp Root"),
    ],
)
def test_a_key_of_any_kind_is_refused(text: str, subject: str) -> None:
    errors = [entry for entry in said(checked(text)) if entry[0] == "error"]
    assert [entry[1:3] for entry in errors] == [("private-key", subject)]


@pytest.mark.parametrize(
    ("end", "expected"),
    [
        (NOW - timedelta(seconds=1), [("error", "expired")]),
        (NOW + timedelta(seconds=1), [("warning", "expires")]),
        (NOW + 29 * DAY, [("warning", "expires")]),
        (NOW + 31 * DAY, []),
    ],
)
def test_expiry_is_told_before_it_comes(end: object, expected: object) -> None:
    found = checked(authority(end=end).pem)  # type: ignore[arg-type]
    assert [entry[:2] for entry in said(found)] == expected
    assert len(found.good) == (expected != [("error", "expired")])
    assert len(found.known) == 1


def test_one_that_is_not_valid_yet_is_not_used() -> None:
    later = authority(start=NOW + DAY)
    found = checked(later.pem)
    assert (said(found)[0][:2], good(found)) == (("error", "not-yet-valid"), [])
    assert good(checked(later.pem, now=NOW + 2 * DAY)) == [later.pem]


@pytest.mark.parametrize(
    ("make", "severity", "used"),
    [
        (lambda: authority(ca=False), "warning", True),
        (lambda: authority(ca=None), "warning", True),
        (lambda: authority(ca=True, signs=False), "warning", True),
        (lambda: authority("web", issuer=ROOT, ca=False), "error", False),
        (lambda: authority("web", issuer=ROOT, ca=None), "error", False),
        (lambda: authority("web", issuer=ROOT, signs=False), "error", False),
    ],
)
def test_what_is_no_authority(make: Callable[[], Authority], severity: str, used: bool) -> None:
    one = make()
    found = checked(ROOT.pem, one.pem)
    assert [entry[:3] for entry in said(found)] == [(severity, "not-authority", one.subject)]
    assert good(found) == [ROOT.pem, *([one.pem] if used else [])]


def test_an_authority_that_says_what_its_key_is_for() -> None:
    assert said(checked(authority(signs=True).pem)) == []


def test_a_duplicate_in_another_file_names_the_first() -> None:
    found = checked(OTHER.pem + ROOT.pem, ROOT.pem)
    [finding] = found.findings
    line = OTHER.pem.count("\n") + 1
    assert (finding.severity, finding.place) == ("warning", "pki/1.pem:1")
    assert f"pki/0.pem:{line}" in finding.cause
    assert good(found) == [OTHER.pem, ROOT.pem]


def test_a_chain_that_leads_to_no_root() -> None:
    middle = authority("Middle", issuer=ROOT)
    found = checked(middle.pem)
    [finding] = found.findings
    assert (finding.severity, finding.code) == ("warning", "certificate-chain")
    assert "CN=Corp Root, is not among" in finding.cause
    assert good(found) == [middle.pem]
    assert said(checked(middle.pem, ROOT.pem)) == []


def test_a_root_of_the_same_name_is_not_the_issuer() -> None:
    middle = authority("Middle", issuer=ROOT)
    found = checked(middle.pem, authority("Corp Root").pem)
    assert [entry[1:3] for entry in said(found)] == [("chain", "CN=Middle")]


def test_the_order_of_a_chain_is_a_note() -> None:
    middle = authority("Middle", issuer=ROOT)
    assert said(checked(middle.pem + ROOT.pem)) == []
    [entry] = said(checked(ROOT.pem + middle.pem))
    assert entry[:3] == ("note", "order", "CN=Middle")


# As DER: sha256WithRSAEncryption, then what signed certificates in older times.
SHA256 = bytes.fromhex("06092a864886f70d01010b")
SHA1 = bytes.fromhex("06092a864886f70d010105")
MD5 = bytes.fromhex("06092a864886f70d010104")


@pytest.mark.parametrize(
    ("signed", "bits", "causes"),
    [
        (SHA1, 2048, ["with SHA1"]),
        (MD5, 2048, ["with MD5"]),
        (SHA256, 1024, ["RSA key has 1024 bits"]),
        (SHA1, 1024, ["with SHA1", "RSA key has 1024 bits"]),
        (SHA256, 2048, []),
    ],
)
def test_weak_ones(signed: bytes, bits: int, causes: list[str]) -> None:
    one = authority(key=rsa.generate_private_key(65537, bits))
    der = one.der.replace(SHA256, signed)
    text = ssl.DER_cert_to_PEM_cert(der)
    found = checked(text)
    assert [f.severity for f in found.findings] == ["warning"] * bool(causes)
    assert all(cause in found.findings[0].cause for cause in causes)
    assert good(found) == [text]


def test_der_is_told_how_to_be_converted() -> None:
    found = check([("pki/ca.der", ROOT.der)], NOW)
    [finding] = found.findings
    assert (finding.severity, finding.subject) == ("error", "CN=Corp Root")
    assert "openssl x509 -inform der -in pki/ca.der -out pki/ca-pem.pem" in finding.hint
    assert found.good == ()


def bundle() -> bytes:
    return pkcs7.serialize_certificates([ROOT.certificate], Encoding.PEM)


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        (b"", "is empty"),
        (b"\n \n", "is empty"),
        (b"hello\n", "neither PEM nor"),
        (b"\x30\x82\x00\x00", "neither PEM nor"),
        (ROOT.pem.encode("utf-16"), "neither PEM nor"),
        (ROOT.pem[:-30].encode(), "is cut off"),
        (ROOT.pem.replace("MII", "AII", 1).encode(), "is not a certificate"),
        (ROOT.pem.replace("MII", "!!!", 1).encode(), "is not a certificate"),
        (bundle(), "is a PKCS7"),
        (ROOT.pem.replace(" CERTIFICATE", " TRUSTED CERTIFICATE").encode(), "is a TRUSTED"),
    ],
)
def test_what_cannot_be_read(text: bytes, cause: str) -> None:
    found = checked(text)
    [finding] = found.findings
    assert (finding.severity, finding.code) == ("error", "certificate-unreadable")
    assert cause in finding.cause
    assert found.known == ()


def test_a_block_that_is_cut_off_hides_no_other() -> None:
    found = checked(OTHER.pem[:200] + "\n" + ROOT.pem)
    assert [entry[1:] for entry in said(found)] == [("unreadable", "pki/0.pem", "pki/0.pem:1")]
    assert good(found) == [ROOT.pem]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("# the root\n\n" + ROOT.pem, []),
        ("subject=CN = Corp Root\n" + ROOT.pem, [("warning", "other-text", "pki/0.pem:1")]),
        (ROOT.pem + "x\ny\n", [("warning", "other-text", f"pki/0.pem:{LINES + 1}")]),
        ("\ufeff" + ROOT.pem, []),
        (ROOT.pem.replace("\n", "\r\n"), [("note", "line-ends", "pki/0.pem")]),
        (ROOT.pem.replace("\n", "\r"), []),
        (ROOT.pem.replace("\n", "\n  "), []),
        (ROOT.pem.replace("CERTIFICATE", "X509 CERTIFICATE"), []),
        (ROOT.pem.rstrip(), []),
        ("-----BEGIN X509 CRL-----\nAA==\n-----END X509 CRL-----\n" + ROOT.pem,
         [("warning", "other-text", "pki/0.pem:1")]),
    ],
)  # fmt: skip
def test_however_it_is_written_it_is_used_alike(text: str, expected: object) -> None:
    found = checked(text)
    assert [(entry[0], entry[1], entry[3]) for entry in said(found)] == expected
    assert good(found) == [ROOT.pem]


def test_comments_may_be_in_any_encoding() -> None:
    found = checked("# autorité\n".encode("latin-1") + ROOT.pem.encode())
    assert (good(found), said(found)) == ([ROOT.pem], [])


def test_two_certificates_on_one_line_where_files_met() -> None:
    found = checked(ROOT.pem.rstrip() + OTHER.pem)
    assert (good(found), said(found)) == ([ROOT.pem, OTHER.pem], [])


def test_a_subject_cannot_act_on_a_terminal() -> None:
    found = checked(authority("a\x1b[31m\nerror: b", end=NOW - DAY).pem)
    assert said(found)[0][2].isprintable()


def test_a_block_that_ends_as_another_is_not_closed() -> None:
    good = authority("A").pem
    blocks, others = pem.read(good.replace("END CERTIFICATE", "END PUBLIC KEY") + good)
    assert [(one.label, one.closed) for one in blocks] == [
        ("CERTIFICATE", False), ("CERTIFICATE", True),
    ]  # fmt: skip
    assert others == []
