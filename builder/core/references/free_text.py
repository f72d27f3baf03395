"""Images and URLs in texts that may hold anything."""

import re
from collections.abc import Iterator
from typing import Any

from builder.core import image as images
from builder.core import variables, yaml
from builder.core.errors import YamlError

# Bounded, as the others: texts come from anywhere, and may be made to take long.
_SCHEME = r"[a-z][a-z0-9+.-]{0,30}://"
# A URL ends where white space, a quote or the next URL begins.
_URL = re.compile(rf"(?<![a-z0-9])({_SCHEME})((?:(?!{_SCHEME})[^\s\"'<>`\\|])+)", re.IGNORECASE)
_USERINFO = re.compile(r"^([^/?#]*)@")
_QUALIFIED = re.compile(
    r"(?<![\w./@:$-])"
    r"((?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}(?::[0-9]+)?/[a-z0-9][a-z0-9._/-]*"
    r"(?::[A-Za-z0-9_][\w.-]{0,127}+(?:@sha256:[0-9a-f]{64})?|@sha256:[0-9a-f]{64}))"
    r"(?![\w/:])"
)
# Registries that everybody knows: there a name counts without a tag, which then means latest.
_PUBLIC = re.compile(
    r"(?<![\w./@:$-])"
    r"((?:docker\.io|index\.docker\.io|quay\.io|ghcr\.io|(?:[a-z]+\.)?gcr\.io|registry\.k8s\.io|"
    r"public\.ecr\.aws|mcr\.microsoft\.com|nvcr\.io|cgr\.dev|lscr\.io|docker\.elastic\.co|"
    r"registry\.gitlab\.com|registry(?:\.access|\.connect)?\.redhat\.(?:io|com)|"
    r"[a-z0-9.-]+\.(?:pkg\.dev|azurecr\.io|dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com))"
    r"/(?>[a-z0-9][a-z0-9._-]*(?:/[a-z0-9][a-z0-9._-]*)*))"
    r"(?![\w/:@])"
)
_REPOSITORY = r"[a-z0-9][a-z0-9._-]*(?:/[a-z0-9][a-z0-9._-]*)+"
_DIGESTED = re.compile(
    rf"(?<![\w./@:$-])({_REPOSITORY}(?::[\w][\w.-]*)?@sha256:[0-9a-f]{{64}})(?!\w)"
)
_PLAIN = re.compile(
    r"[a-z0-9][a-z0-9._-]*(?:/[a-z0-9][a-z0-9._-]*)+:"
    r"(?:latest|stable|edge|main|master|nightly|dev|lts|alpine|\w[\w.-]*[0-9][\w.-]*|[0-9])"
)
_NAMED_LINE = re.compile(
    r"(?im)^[ \t]*+(?:-[ \t]+)*+[\"']?[\w.-]*image(?:[._-]?(?:repository|name|ref))?[\"']?"
    r"[ \t]*[:=][ \t]*[\"']?([^\s\"',#]+)"
)
_NAMED_FLAG = re.compile(r"(?i)(?<!\S)--?(?:[\w.-]*[._-])?image[= ][\"']?([^\s\"',]+)")
_FROM = re.compile(r"(?m)^FROM[ \t]+(?:--platform=\S+[ \t]+)?([^\s\"']+)")
# What runs, pulls or copies images; all of its arguments up to the next command.
_COMMAND = re.compile(
    r"(?<![\w./-])(?:docker|podman|nerdctl|buildah|crane|ctr|crictl|k3s ctr|regctl|oras)[ \t]+"
    r"(?:-\S+[ \t]+)*(?:run|pull|create|copy|cp|push|tag|image|images|manifest|digest|export)"
    r"[ \t]([^\n;|&]*)"
)
_GIT = re.compile(r"(?<![\w.@/-])git@[a-z0-9.-]+:[\w.~-]+/[\w./~-]+", re.IGNORECASE)
_NAMESPACE = re.compile(r"xmlns(?::[\w.-]+)?=[\"']$")
_COMMENT = re.compile(r"^\s*;|(?:^|\s)(?:#|//)(?:\s|#|$)")
_NOT_REGISTRIES = re.compile(r"(?:^|\.)(?:k8s\.io|kubernetes\.io)$")


def is_registry(text: str) -> bool:
    """Tell whether a text is a registry that everybody knows, with a path or without."""
    host = text.strip().rstrip("/")
    return bool(_PUBLIC.fullmatch(host) or _PUBLIC.fullmatch(f"{host}/x"))


def images_in(text: str, *, named: bool = True) -> Iterator[tuple[str, bool]]:
    """Yield the images of a text, each with True where it stands in a comment.

    An image counts when a key names it as one, when it has a registry's host and a tag or digest,
    when it has a digest, when it is of a registry that everybody knows, and when a program that
    runs or copies images is given it. Variables may stand for parts of it. A text that is
    nothing but a path and a tag may be anything, unless something beside it has a name (``named``).
    """
    if named and _PLAIN.fullmatch(text) and images.parse(text):
        yield text, False
        return
    if "/" not in text and ":" not in text:
        return
    hidden, found = variables.hide(text)
    for pattern in (_NAMED_LINE, _NAMED_FLAG, _QUALIFIED, _PUBLIC, _DIGESTED, _FROM):
        for match in pattern.finditer(hidden):
            word = match[1].rstrip(".,;")
            name = images.parse(word)
            if name and _is_named(match, name) and not _NOT_REGISTRIES.search(_host(name)):
                yield variables.show(word, found), _in_comment(hidden, match.start(1))
    for match in _COMMAND.finditer(hidden):
        for word in match[1].split():
            name = images.parse(word.strip("\"'"))
            if name and "/" in word and (name.tag or name.digest):
                text_ = variables.show(word.strip("\"'"), found)
                yield text_, _in_comment(hidden, match.start())


def urls_in(text: str) -> Iterator[tuple[str, bool]]:
    """Yield the URLs of a text without their credentials, with True where one is in a comment."""
    text = text.replace("\\/", "/")  # as JSON may write a slash
    for match in _URL.finditer(text) if "://" in text else ():
        if not _NAMESPACE.search(text, max(0, match.start() - 80), match.start()):
            url = match[1] + _USERINFO.sub("***@", _trimmed(match[2]))
            yield url, _in_comment(text, match.start())
    for match in _GIT.finditer(text) if "git@" in text else ():
        yield _trimmed(match[0]), _in_comment(text, match.start())


def structures_in(text: str) -> list[Any]:
    """Return the maps and lists that a text holds as YAML or JSON, if it speaks of images."""
    if "\n" not in text and text.lstrip()[:1] not in ("{", "["):
        return []
    if not re.search(r"image|container|repository", text, re.IGNORECASE):
        return []
    try:
        return [d.value for d in yaml.load_all(text, source="") if isinstance(d.value, dict | list)]
    except YamlError:
        return []


def _is_named(match: re.Match[str], name: images.ImageName) -> bool:
    """Tell whether a match in a text is more than a word behind a key that ends in ``image``."""
    return (
        match.re in (_QUALIFIED, _PUBLIC, _DIGESTED)
        or bool(name.tag or name.digest)
        or "/" in match[1]
    )


def _host(name: images.ImageName) -> str:
    return "" if name.host == "registry.k8s.io" else name.host


def _trimmed(url: str) -> str:
    """Cut what a sentence or a bracket leaves at the end of a URL."""
    url = url.rstrip(".,;:!?*")
    while url and url[-1] in ")]}" and url.count(url[-1]) > url.count("([{"[")]}".index(url[-1])]):
        url = url[:-1].rstrip(".,;:")
    return url


def _in_comment(text: str, position: int) -> bool:
    """Tell whether ``position`` stands behind a comment sign in its line of a longer text."""
    if "\n" not in text:
        return False
    line = text[text.rfind("\n", 0, position) + 1 : position]
    sign = _COMMENT.search(line)
    if sign is None:
        return False
    before = line[: sign.start()]  # a sign in quotes begins nothing
    return before.count('"') % 2 == 0 and before.count("'") % 2 == 0
