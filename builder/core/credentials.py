"""Credentials, told by the names of keys: what names one, and which value is one."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

# Ends of names that say what stands there, as they are written in patterns over texts as well.
_KEYS = (
    r"(?:access|secret|api|private|auth|licen[sc]e|encryption|signing|session|master|account|"
    r"shared|hmac)[_-]?key"
)
WORDS = rf"pass[_-]?word|pass(?:wd|phrase|code)?|pwd|pw|secret|token|licen[sc]e|{_KEYS}"
# What may stand behind such a word: a number, or that it is the value.
AFTER = r"(?:[_.-]?\d{1,2}|[_-]?(?:value|string|text))"
_AFTER = re.compile(rf"{AFTER}$")
_CREDENTIAL = re.compile(
    r"(?:pass_?word|passwd|passphrase|passcode|"
    r"(?<!by)(?<!com)(?<!proxy_)(?<!cgi_)(?<!grpc_)pass)$|"
    r"(?:^|[_.-])(?:(?:bind|root)?(?:pw|pwd)|"
    r"(?:access|auth|api|bearer|client|id|oauth|refresh|session|user)?token|"
    rf"(?:app|client|consumer|cookie|jwt|oauth|shared|webhook)?secret|licen[sc]e|{_KEYS})$"
)
# Signs that models of language count by, and no logins.
_OF_MODELS = re.compile(r"(?:^|_)(?:eos|bos|pad|unk|sep|cls|mask|stop|special)_?tokens?$")
_PASSWORD = re.compile(r"(?:pass|pass_?word|passwd|passphrase|passcode|pwd|pw)$")
_PLURAL = re.compile(
    r"(?:passwords|passphrases|(?:^|[_.-])(?:tokens|"
    r"(?:access|secret|api|private|auth|license|encryption|signing)[_-]?keys))$"
)
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
# Names of Secrets, and of keys in them, not their content: `existingSecret`, `passwordSecret`.
_SECRET_NAMED = re.compile(
    r"(?:existing|external|pull|tls|ssl|ca|certs?|certificate|bundle|credentials?|pass(?:word)?|"
    r"passwd|passphrase|token|license|key|auth|registry|docker|config|values|login)[_-]secret$|"
    r"(?:^|[_.-])existing_?secret"
)
_REFERENCE_ABOVE = re.compile(r"(?:secret|(?:^|_)ref|valuefrom|value_from)$")
_REFERENCE_BESIDE = re.compile(r"(?:secret_?name|existing_?secret|secret_?ref|remote_?ref)$")
_KEY = re.compile(r"key$")
_OBJECT_NAME = re.compile(r"(?:[a-z0-9.-]+/)?[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?")
_DATA_KEY = re.compile(r"[A-Za-z0-9._-]{1,253}")
# Licenses by their SPDX names, and kinds of them.
_LICENSE_NAME = re.compile(
    r"(?:Apache|MIT|BSD|GPL|LGPL|AGPL|MPL|ISC|CC|EPL|EUPL|Unlicense|Zlib|BUSL|SSPL)\b[\w .+()-]*|"
    r"accept(?:ed)?|basic|trial|free|community|standard|enterprise"
)
# What says where a text is: in the environment, in a template, in a store, behind a cipher.
_STORED = (
    r"\$\([^()]*\)|\$\{\{.*?\}\}|\$\{(?!\w+:[-=])[^{}]*\}|\{\{.*?\}\}|<path:[^<>]+>|ref\+[a-z0-9]+://\S+|"
    # With a default, a variable names the text itself, unless that comes from elsewhere too.
    r"\$\{\w+:[-=]\\?[\"']?(?:\$\w+|\$\([^()]*\)|\$\{[^{}]*\}|/[\w./-]*)?\\?[\"']?\}|"
    r"\$__\w+\{[^{}]*\}|vault:[^\s#]+#\S+|op://\S+|arn:aws[\w-]*:\S+|ENC\[[A-Z0-9_]+,[^\]]*\]"
)
_REFERENCE = re.compile(rf"(?:{_STORED})+", re.DOTALL)
# What stands for a text as well, where it is no Secret's content: variables, names of files.
VARIABLE = re.compile(
    rf"{_STORED}|\$[a-z]+(?:[.:-][A-Za-z]+)+|\$[A-Z_][A-Z0-9_]*\b|\$[0-9@*]|%\([\w.-]+\)s|`[^`]*`|"
    r"/(?:[a-z0-9_.-]+/)+[a-z0-9_.-]+|(?<![^\s])[\w./-]+\.(?:pem|key|crt|p12|jks|txt|ya?ml|json)\b",
    re.DOTALL,
)
_WORDLESS = re.compile(r"(?i)(?:bearer|basic)\s|[^A-Za-z0-9]+")
# Values that say something of a credential: whether there is one, or where it comes from.
_SWITCHES = frozenset({
    "0", "1", "true", "false", "null", "none", "nil", "yes", "no", "on", "off",
    "secretref", "secretkeyref", "configmapref", "configmapkeyref",
})  # fmt: skip
_PLACEHOLDER = re.compile(
    r"(?i)<[^<>]*>|\[[^\[\]]*\]|(.)\1{2,}|\.\.\.|(?:please[-_ ])?"
    r"(?:replace|insert|enter|fill|todo|tbd|fixme|example|placeholder|dummy|redacted|your|"
    r"change[-_ ]?(?:me|this|it))(?:[-_ .][\w .-]*)?"
)


def names_credential(key: str) -> bool:
    """Tell whether a key, or the name of a variable, says that its value is a credential."""
    return bool(_CREDENTIAL.search(_bare(key)))


def is_credential(name: str) -> bool:
    """Tell whether something of that name is one: a flag, a path with dots, a variable."""
    return names_credential(name.lstrip("-").rpartition(".")[2])


def is_literal(value: str) -> bool:
    """Tell whether a text stands for itself: it is not empty, a switch, nor names where it is."""
    left = _WORDLESS.sub("", VARIABLE.sub("", value))
    return bool(left) and value.strip().lower() not in _SWITCHES


def is_reference(value: str) -> bool:
    """Tell whether a text says where the text is that belongs there, and nothing else."""
    return _REFERENCE.fullmatch(value.strip()) is not None


def is_placeholder(value: str) -> bool:
    """Tell whether a text only says that something else has to stand in its place."""
    return _PLACEHOLDER.fullmatch(value.strip()) is not None


def is_given(key: str, value: Any, above: str = "", beside: Mapping[str, Any] = {}) -> bool:
    """Tell whether ``key`` names a credential, and ``value`` is one and no reference to it.

    ``above`` is the key of the mapping that both stand in, ``beside`` that mapping.
    """
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return False
    words = _bare(key.lstrip("-").rpartition(".")[2])
    if not _CREDENTIAL.search(words):
        return False
    if not isinstance(value, str):
        return _PASSWORD.search(words) is not None
    if not is_literal(value) or (
        words.endswith(("license", "licence")) and _LICENSE_NAME.fullmatch(value)
    ):
        return False
    if _SECRET_NAMED.search(words):
        return _OBJECT_NAME.fullmatch(value) is None
    return not (_DATA_KEY.fullmatch(value) and _refers(words, words_of(above), beside))


def _refers(words: str, above: str, beside: Mapping[str, Any]) -> bool:
    """Tell whether a mapping refers to a Secret, and ``words`` name a key in that.

    By the key that the mapping has, or by one in it: `secret: {secretName: x, secretKey: y}`.
    """
    named = any(_REFERENCE_BESIDE.search(words_of(str(k))) and v for k, v in beside.items())
    if _KEY.search(words):
        return named or _REFERENCE_ABOVE.search(above) is not None
    return named and _SECRET_NAMED.search(above) is not None


def is_one_of(above: str, value: str, key: str = "") -> bool:
    """Tell whether a text stands in a list, or a map, each text of which is a credential.

    ``above`` is what that is called, ``key`` the text's own key in a map.
    """
    words = words_of(above)
    if not is_literal(value) or _OF_MODELS.search(words):
        return False
    # How the keys of one Secret are called: `secretKeys: {adminPasswordKey: postgres-password}`.
    if words.endswith("secret_keys") and _KEY.search(words_of(key)) and _DATA_KEY.fullmatch(value):
        return False
    return bool(_PLURAL.search(words) or (not key and _PASSWORD.search(words)))


def _bare(key: str) -> str:
    """Return the words of a key, without what may stand behind those that name a credential."""
    words = words_of(key)
    if _OF_MODELS.search(words):
        return ""
    bare = _AFTER.sub("", words)
    return bare if _CREDENTIAL.search(bare) else words


def words_of(key: str) -> str:
    """Return a key in small letters, with ``_`` between its words."""
    return _HUMP.sub("_", key).lower()


def credential_paths(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yield the places of texts whose key is named as a credential; never their values."""
    if isinstance(value, Mapping):
        for key, child in value.items():
            if is_given(str(key), child, path[-1] if path else "", value):
                yield (*path, str(key))
            else:
                yield from credential_paths(child, (*path, str(key)))
    elif isinstance(value, list):
        for index, child in enumerate(value):
            yield from credential_paths(child, (*path, str(index)))
