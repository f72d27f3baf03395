"""Words that look as only chance makes them: keys and passwords that no form tells.

Shannon's entropy is computed by detect-secrets. It alone takes long names for random: so a word has
to change between letters, capitals and digits as often as chance does, too.
"""

import functools
import itertools
import re
from collections.abc import Callable, Iterator

from builder.core.credentials import words_of
from builder.core.guard.forms import plain_text, without_public

# Digests, ids and public keys are as random, and no secrets; longer words are content, no keys.
_LONGEST = 256
_WORD = re.compile(rf"(?<![\w+/-])[A-Za-z0-9][A-Za-z0-9+/_-]{{18,{_LONGEST}}}={{0,2}}(?![\w+/=-])")
_HEX = re.compile(r"(?:0x)?[0-9a-fA-F]+")
_UUID = re.compile(r"(?i)(?:.*[_-])?[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}(?:[_-].*)?")
_PUBLIC = re.compile(r"(?:ssh-|ecdsa-|AAAA[BCE]|age1|sha\d+-|iVBORw0KGgo|R0lGOD)")
# Ahead of a word: what makes it part of a digest, or of an image.
_AHEAD = re.compile(r"(?i)(?:sha\d{1,3}|md5|blake\w*)[:=_ -]?$|@$|[\w.]:$")
# In the path of a URL stand commits, and names of files.
_IN_PATH = re.compile(r"://[^\s\"'<>?#]{0,300}$")
_DIGEST_KEY = re.compile(
    r"(?:^|[/_.:-])(?:checksum|digest|sha\d*|sum|hash|md5|integrity|revision|commit|rev|ref|"
    r"fingerprint|thumbprint|etag|uid|uuid|guid|version|tags?|images?|ids?)(?:$|[/_.:-])"
)
# Names of hosts that a cloud makes up, and a login without a password, which is a token.
_HOST = re.compile(r"(?:\.[a-z0-9-]{1,63}){0,8}\.[a-z]{2,24}(?![\w.-])")
_LOGIN = re.compile(r"(?<=://)([A-Za-z0-9_-]{19,256})(?=@)")
_LEAST_HEX = 32
_SHORTEST, _PART = 19, 8
_CHANGES, _CHANGES_OF_TWO = 0.30, 0.25


def random_words(text: str, key: str = "") -> Iterator[tuple[str, int]]:
    """Yield the words of a text that look random, with the places where they begin.

    ``key`` is what the text is called: digests and ids are no secrets. Nor is base64 that a text
    stands behind: that is looked at itself.
    """
    if _DIGEST_KEY.search(words_of(key)):
        return
    text = without_public(text)
    for match in _LOGIN.finditer(text):
        # Those of Sentry are public, in hexadecimal.
        if not _HEX.fullmatch(match[1]) and looks_random(match[1]):
            yield match[1], match.start(1)
    for match in _WORD.finditer(text):
        word = match[0]
        if looks_random(word) and not _is_public(text, match) and not plain_text(word):
            yield word, match.start()


def looks_random(word: str) -> bool:
    """Tell whether a word of letters and digits looks as if nobody had thought of it."""
    bare = word.rstrip("=")
    if _UUID.fullmatch(bare) or not 0 < _digits(bare) < len(bare):
        return False
    if _HEX.fullmatch(bare):
        return len(bare) >= _LEAST_HEX and _entropy("hex")(bare) > 3.0
    return _is_mixed(bare) if _has_both(bare) else any(map(_is_simple, re.split("[/+_-]", bare)))


def _digits(word: str) -> int:
    return sum(map(str.isdigit, word))


def _has_both(word: str) -> bool:
    return any(map(str.isupper, word)) and any(map(str.islower, word))


def _is_mixed(word: str) -> bool:
    """Tell it of a word in capitals and small letters; one with slashes may be a path."""
    parts = [part for part in word.split("/") if len(part) >= _PART]
    return (
        _digits(word) >= 2
        and _changes(word) >= _CHANGES
        and _entropy("base64")(word) > _enough(word)
        and any(_has_both(p) and _changes(p) >= _CHANGES and _digits(p) for p in parts)
    )


def _is_simple(part: str) -> bool:
    """Tell it of a word in letters of one case."""
    return (
        len(part) >= _SHORTEST
        and _digits(part) >= len(part) // 8
        and _changes(part) >= _CHANGES_OF_TWO
        and _entropy("base64")(part) > _enough(part)
    )


def _enough(word: str) -> float:
    """Return the bits a sign that chance reaches: 20 signs that all differ have 4.3."""
    return 3.6 if len(word) < 32 else 4.0


def _changes(word: str) -> float:
    """Return how often two signs beside each other are of different classes, from 0 to 1."""
    pairs = [(a, b) for a, b in itertools.pairwise(word) if a.isalnum() and b.isalnum()]
    changes = sum(a.isdigit() != b.isdigit() or a.isupper() != b.isupper() for a, b in pairs)
    return changes / max(len(pairs), 1)


def _is_public(text: str, match: re.Match[str]) -> bool:
    """Tell whether what stands ahead of a word, or in its line, says that it is a digest."""
    start, word = match.start(), match[0]
    if _PUBLIC.match(word) or _AHEAD.search(text, max(0, start - 60), start):
        return True
    if _IN_PATH.search(text, max(0, start - 320), start):
        parts = [part for part in word.split("/") if len(part) >= _SHORTEST and _has_both(part)]
        return not any(looks_random(part) for part in parts)
    if word.islower() and _HOST.match(text, match.end()):
        return True
    if not _HEX.fullmatch(word):
        return False
    end = text.find("\n", start)
    line = text[text.rfind("\n", 0, start) + 1 : end if end >= 0 else None]
    return re.search(r"(?i)sha\d|md5|checksum|digest|commit|revision", line[:2000]) is not None


@functools.cache
def _entropy(charset: str) -> Callable[[str], float]:
    """Return the library's function for Shannon's entropy of a word, in bits a sign."""
    from detect_secrets.plugins import high_entropy_strings as plugins

    plugin: plugins.HighEntropyStringsPlugin = (
        plugins.HexHighEntropyString() if charset == "hex" else plugins.Base64HighEntropyString()
    )
    return plugin.calculate_shannon_entropy
