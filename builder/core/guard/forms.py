"""Texts that are credentials by their looks, wherever they stand: tokens, keys, passwords in URLs.

The forms of vendors' tokens are those of detect-secrets; those that it lacks stand here.
"""

import base64
import binascii
import functools
import re
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from builder.core.credentials import is_literal
from builder.core.encoding import unzipped

# Patterns of others are not bounded: longer texts are looked at in pieces that overlap.
_PIECE, _OVERLAP = 8192, 4096
_SHORTEST = 12
# Longer than a word of a language that would stand behind `Authorization:`.
_WORD = 20
_KEY = re.compile(
    r"-----BEGIN (?:[A-Z0-9]+ ){0,4}PRIVATE KEY(?: BLOCK)?-----|PuTTY-User-Key-File-\d:"
)
_BEGIN = re.compile(r"-----BEGIN ((?:[A-Z0-9]+ ?){1,5})-----")
# A port, and a path behind it, are no password: http://host:8080/a@b
_USERINFO = re.compile(
    r"[A-Za-z][A-Za-z0-9+.-]{0,30}://[^\s/@:\"'<>]{0,200}:(?!\d{1,5}/)([^\s@\"'<>]{1,500})@[\w\[$({]"
)
_HEADER = re.compile(
    r"(?i)\b(?:authorization|x-api-key|x-auth-token|private-token)[\"']?[ \t]*[:=][ \t]*[\"']?"
    r"(?:(?:bearer|basic|token)[ \t]+)?([A-Za-z0-9+/=._~-]{8,})"
)
_SCHEME = re.compile(
    r"\b(?:Bearer|Basic)[ \t]+((?=[^\s\d]{0,100}\d)[A-Za-z0-9+/._~-]{16,2000}=*)", re.IGNORECASE
)
# What clients log in with in ways of their own: a DSN of Go, .netrc, .npmrc, and arguments.
_CLIENTS = tuple(
    re.compile(pattern)
    for pattern in (
        r"(?<![\w.-])[\w.-]{1,100}:([^\s@:/\"']{1,200})@(?:tcp|unix)?\(",
        r"\blogin[ \t]+\S{1,200}\s+password[ \t]+(\S{1,500})",
        r"\bcurl\b[^\n|;&]{0,300}?\s(?:-u|--user)[ \t=]*[\"']?[^\s:\"'$]{1,100}:"
        r"([^\s\"'$`][^\s\"']{0,300})",
        r"\b(?:mysql\w{0,20}|mariadb)\b[^\n|;&]{0,300}?\s-p[\"']?([^\s\"'$`-][^\s\"']{3,300})",
        r"\bredis-cli\b[^\n|;&]{0,300}?\s-a[ \t]+[\"']?([^\s\"'$`-][^\s\"']{3,300})",
        r"\bsshpass[ \t]+-p[ \t]*[\"']?([^\s\"'$`-][^\s\"']{3,300})",
    )
)
_NPM = re.compile(r"\b_auth[ \t]*=[ \t]*[\"']?([A-Za-z0-9+/]{8,500}={0,2})")
_BASE64 = re.compile(r"(?<![A-Za-z0-9+/_=-])[A-Za-z0-9+/_-]{24,100000}={0,2}(?![A-Za-z0-9+/_=-])")
_START, _END = r"(?<![A-Za-z0-9])", r"(?![A-Za-z0-9])"
_MORE = {
    "a GitLab token": r"gl(?:pat|ptt|rt|dt|cbt|ft|imt|agent|soat|ffct)-[\w.-]{20,300}",
    "a GitHub token": r"github_pat_\w{60,300}",
    "a token of Vault": r"hv[sbr]\.[\w-]{20,500}",
    "a Google API key": r"AIza[\w-]{35}",
    "a token of Hugging Face": r"hf_[A-Za-z]{30,50}",
    "an API key": r"sk-(?:(?:proj|ant|svcacct|admin|or)-[\w-]{20,300}|[A-Za-z0-9]{32,80})",
    "a token of PyPI": r"pypi-AgE[\w-]{50,500}",
    "a token of Docker Hub": r"dckr_[a-z]{3}_[\w-]{20,100}",
    "a token of Grafana": r"gl(?:sa|c)_[A-Za-z0-9+/=_]{32,300}",
    "a token of DigitalOcean": r"do[opr]_v1_[a-f0-9]{64}",
    "a token of Slack": r"xapp-\d-[A-Za-z0-9-]{20,200}",
    "a webhook of Discord": r"discord(?:app)?\.com/api/webhooks/\d{5,25}/[\w-]{20,100}",
    "a webhook of Teams": r"webhook\.office\.com/webhookb2/[\w@-]{36,100}/IncomingWebhook/"
    r"[0-9a-f]{32}/[\w-]{8,60}",
    "a token of Telegram": r"\d{8,10}:AA[\w-]{33}",
    # PKCS #8 and PKCS #1 of RSA, PKCS #8 and SEC 1 of elliptic curves, without the lines of PEM.
    "a private key": r"(?:MII[A-Za-z0-9+/]{3}IBA(?:AKCA[gQ]|DANBgkqhkiG9w0BAQEFAASC)|"
    r"MI[GH][A-Za-z0-9+/]AgEAM[BD][MA]GByqGSM49|MHcCAQEEI)[A-Za-z0-9+/]{30,20000}={0,2}",
    "an age key": r"AGE-SECRET-KEY-1[A-Z0-9]{50,70}",
    "a key of Weights & Biases": r"(?:local-[0-9a-f]{40}|wandb_v1_\w{30,200})",
    "the hash of a password": r"\$(?:2[aby]\$\d\d\$[./A-Za-z0-9]{53}|"
    r"apr1\$[./\w]{1,16}\$[./\w]{22}|[156]\$(?:rounds=\d{1,9}\$)?[./\w]{1,16}\$[./\w]{22,86}|argon2id?\$v=\d+\$\S{30,300})",
}


class Form(NamedTuple):
    """What something looks like, its text, and where that begins."""

    looks: str
    text: str
    start: int


def forms(text: str) -> Iterator[Form]:
    """Yield what of a text is a credential by its form; public keys and certificates are none."""
    if len(text) < _SHORTEST:
        return
    text = without_public(text)
    for match in _KEY.finditer(text):
        yield Form("a private key", _block(text, match.start()), match.start())
    yield from _logins(text)
    yield from _of_clients(text)
    yield from _tokens(text)


def _logins(text: str) -> Iterator[Form]:
    for match in _USERINFO.finditer(text) if "://" in text else ():
        if is_literal(match[1]):
            yield Form("a password in a URL", match[1], match.start(1))
    for match in _SCHEME.finditer(text):
        yield Form("what a header logs in with", match[1], match.start(1))
    for match in _HEADER.finditer(text):
        if any(map(str.isdigit, match[1])) or len(match[1]) > _WORD:
            yield Form("what a header logs in with", match[1], match.start(1))


def _of_clients(text: str) -> Iterator[Form]:
    for pattern in _CLIENTS:
        for match in pattern.finditer(text):
            if is_literal(match[1]):
                yield Form("what a client logs in with", match[1], match.start(1))
    for match in _NPM.finditer(text):
        if ":" in plain_text(match[1]):
            yield Form("what a client logs in with", match[1], match.start(1))


def _tokens(text: str) -> Iterator[Form]:
    for start, piece in _pieces(text):
        for detector in _detectors():
            for match in detector.matches(piece):
                at = match.lastindex or 0
                at = at if len(match[at] or "") >= _SHORTEST else 0
                yield Form(detector.looks, match[at], start + match.start(at))
    for looks, pattern in _patterns():
        for match in pattern.finditer(text):
            yield Form(looks, match[0], match.start())


def unpacked(text: str) -> Iterator[tuple[str, int]]:
    """Yield the texts that stand in a text as base64, with the places where they begin."""
    for match in _BASE64.finditer(text) if len(text) >= 24 else ():
        plain = plain_text(match[0])
        if plain:
            yield plain, match.start()


def plain_text(encoded: str) -> str:
    """Decode base64 when it holds a text, in gzip or not; empty when it does not."""
    padded = encoded.rstrip("=").replace("-", "+").replace("_", "/")
    try:
        data = base64.b64decode(padded + "=" * (-len(padded) % 4), validate=True)
        plain = unzipped(data).decode("utf-8")
    except (binascii.Error, ValueError):
        return ""
    return plain if all(sign.isprintable() or sign in "\r\n\t" for sign in plain) else ""


def without_public(text: str) -> str:
    """Return a text with blanks for its PEM blocks that are public: certificates, public keys."""
    if "-----BEGIN " not in text:
        return text
    parts, done = [], 0
    for match in _BEGIN.finditer(text):
        if match.start() < done or "PRIVATE" in match[1] or "BEGIN" in match[1]:
            continue
        end = text.find(f"-----END {match[1]}-----", match.end())
        # A block that was cut off does not reach over the one behind it.
        if end < 0 or text.find("-----BEGIN ", match.end(), end) >= 0:
            continue
        parts += [text[done : match.start()], " " * (end - match.start())]
        done = end
    return "".join((*parts, text[done:]))


def _block(text: str, start: int) -> str:
    """Return a PEM block, to its end or that of the text."""
    end = text.find("-----END", start)
    return text[start:end] if end >= 0 else text[start : start + _PIECE]


def _pieces(text: str) -> Iterator[tuple[int, str]]:
    for start in range(0, max(len(text) - _OVERLAP, 1), _PIECE - _OVERLAP):
        yield start, text[start : start + _PIECE]


@functools.cache
def _patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple((looks, re.compile(f"{_START}{form}{_END}")) for looks, form in _MORE.items())


class _Detector(NamedTuple):
    """A detector of the library: its patterns, and what it makes of a text that fits one."""

    looks: str
    patterns: tuple[re.Pattern[str], ...]
    confirm: Callable[[str], Iterable[str]]

    def matches(self, text: str) -> Iterator[re.Match[str]]:
        for pattern in self.patterns:
            for match in pattern.finditer(text):
                if any(True for _ in self.confirm(match[0])):
                    yield match


@functools.cache
def _detectors() -> tuple[_Detector, ...]:
    """Return the library's detectors that tell tokens by their form alone.

    Its others are not used: by keys (read here from the structure), passwords in URLs (left out for
    example.com there), keys of Azure (by words around them, which YAML does not have).
    """
    from detect_secrets.plugins.artifactory import ArtifactoryDetector
    from detect_secrets.plugins.aws import AWSKeyDetector
    from detect_secrets.plugins.cloudant import CloudantDetector
    from detect_secrets.plugins.discord import DiscordBotTokenDetector
    from detect_secrets.plugins.github_token import GitHubTokenDetector
    from detect_secrets.plugins.ibm_cloud_iam import IbmCloudIamDetector
    from detect_secrets.plugins.ibm_cos_hmac import IbmCosHmacDetector
    from detect_secrets.plugins.jwt import JwtTokenDetector
    from detect_secrets.plugins.mailchimp import MailchimpDetector
    from detect_secrets.plugins.npm import NpmDetector
    from detect_secrets.plugins.sendgrid import SendGridDetector
    from detect_secrets.plugins.slack import SlackDetector
    from detect_secrets.plugins.softlayer import SoftlayerDetector
    from detect_secrets.plugins.square_oauth import SquareOAuthDetector
    from detect_secrets.plugins.stripe import StripeDetector
    from detect_secrets.plugins.twilio import TwilioKeyDetector

    plugins = (
        ArtifactoryDetector, AWSKeyDetector, CloudantDetector, DiscordBotTokenDetector,
        GitHubTokenDetector, IbmCloudIamDetector, IbmCosHmacDetector, JwtTokenDetector,
        MailchimpDetector, NpmDetector, SendGridDetector, SlackDetector, SoftlayerDetector,
        SquareOAuthDetector, StripeDetector, TwilioKeyDetector,
    )  # fmt: skip
    return tuple(
        _Detector(
            f"a credential ({plugin.secret_type})", tuple(plugin.denylist), plugin().analyze_string
        )
        for plugin in plugins
    )
