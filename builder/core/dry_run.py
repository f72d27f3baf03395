"""What an API server says to a dry run of one resource, as a verdict. No value is told.

Answers are objects, or a ``Status``: https://kubernetes.io/docs/reference/using-api/api-concepts/
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from builder.core.credentials import credential_paths
from builder.core.encoding import decoded
from builder.core.manifests import Body, Resource
from builder.core.pointer import get

_MAX_TEXT = 300
_SHORTEST = 4
_DENIED = re.compile(
    r'cannot (?P<verb>\w+) resource "(?P<resource>[^"]+)" in API group "(?P<group>[^"]*)"'
    r'(?: in the namespace "(?P<namespace>[^"]*)")?'
)
# Where it is no fault of the object that the API server cannot tell.
_UNTOLD = (
    (re.compile(r"attempting to grant RBAC permissions"),
     "the account may not grant what the role does",
     "the rights of the account that applies the bundle count: ask with that one"),
    (re.compile(r"error looking up service account"),
     "their service account is not there yet", "ask again once it is"),
    (re.compile(r"does not support dry run"),
     "an admission webhook takes no dry run", "it has to declare that it has no side effects"),
    (re.compile(r"failed calling webhook"),
     "an admission webhook does not answer", "look at it: it may keep the bundle out too"),
    (re.compile(r"being terminated|object is being deleted"),
     "something of that name is being deleted", "ask again once it is gone"),
)  # fmt: skip
_TYPED = re.compile(r"failed to create typed patch object \([^)]*\): (.*)", re.DOTALL)
_CONVERTED = re.compile(
    r"failed to convert new object \([^)]*\) to proper version: "
    r"(?:unable to convert unstructured object to [^:]*: )?(.*)",
    re.DOTALL,
)
_FIELD = re.compile(r"(\.[^\s:]+): (.*)")
_UNKNOWN = "field not declared in schema"
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"(?:: )?(.*)', re.DOTALL)


@dataclass(frozen=True, kw_only=True, slots=True)
class Refusal:
    """One reason not to take an object: the field as the API server names it, and what is wrong.

    ``unknown`` tells that the field is none: what does not apply server-side drops it.
    """

    field: str
    what: str
    unknown: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """``accepted``; ``refused`` with reasons; or ``untold``: ``why``, and what is ``lacking``."""

    state: Literal["accepted", "refused", "untold"]
    refusals: tuple[Refusal, ...] = ()
    why: str = ""
    lacking: str = ""
    hint: str = ""


def verdict(resource: Resource, status: int, answer: Mapping[str, Any]) -> Verdict:
    """Read the answer to a server-side dry run of a resource."""
    if status < 300:
        return Verdict(state="accepted")
    message = _masked(str(answer.get("message") or f"status {status}"), resource.body)
    untold = _untold(status, answer, message)
    if untold:
        return untold
    found = [_without_secrets(one, resource.body) for one in _refusals(answer, message)]
    if resource.origin.hooks and all("immutable" in refusal.what for refusal in found):
        return Verdict(state="accepted")  # helm deletes a hook before it makes it again
    return Verdict(state="refused", refusals=tuple(dict.fromkeys(found)))


def _untold(status: int, answer: Mapping[str, Any], message: str) -> Verdict | None:
    denied = _DENIED.search(message) if status == 403 else None
    if denied:
        return _may_not(denied)
    for pattern, why, hint in _UNTOLD:
        if pattern.search(message):
            return Verdict(state="untold", why=why, hint=hint)
    if status == 404 and get(answer, ("details", "kind")) == "namespaces":
        name = str(get(answer, ("details", "name")))
        why, hint = "the namespace is not there yet", "create it, and ask again"
        return Verdict(state="untold", why=why, lacking=name, hint=hint)
    if status in (400, 403, 422) or (status == 500 and _is_refusal(message)):
        return None
    why = f"the API server could not tell: {_cut(message)}"
    return Verdict(state="untold", why=why, hint="ask again, or look at the API server's log")


def _may_not(denied: re.Match[str]) -> Verdict:
    plural = ".".join(filter(None, (denied["resource"], denied["group"])))
    inside = f" in the namespace {denied['namespace']}" if denied["namespace"] else ""
    return Verdict(
        state="untold",
        why=f"the account may not {denied['verb']} all of it{inside}",
        lacking=plural,
        hint="a dry run needs the verbs patch and create, as applying server-side does",
    )


def _is_refusal(message: str) -> bool:
    return bool(_TYPED.match(message) or _CONVERTED.match(message))


def _refusals(answer: Mapping[str, Any], message: str) -> Iterator[Refusal]:
    causes = get(answer, ("details", "causes"))
    if isinstance(causes, list) and causes:
        for cause in causes:
            field, what = (str(get(cause, (key,)) or "") for key in ("field", "message"))
            yield Refusal(field="" if field == "<nil>" else field, what=_without_value(what))
        return
    typed = _TYPED.match(message)
    if not typed:
        converted = _CONVERTED.match(message)
        yield Refusal(field="", what=_without_number(converted[1] if converted else message))
        return
    for field, what in _FIELD.findall(typed[1]) or [("", typed[1])]:
        told = what.partition(", got &")[0]
        yield Refusal(field=field.lstrip("."), what=told, unknown=told == _UNKNOWN)


def _without_value(text: str) -> str:
    """Take the value out of what is said of a field: it may be a credential, or fill pages."""
    head, colon, rest = text.partition(": ")
    if not colon or head not in ("Invalid value", "Duplicate value", "Unsupported value"):
        return text
    quoted = _QUOTED.fullmatch(rest)
    if quoted:
        said = quoted[1]
    else:
        said = rest.rpartition("}: ")[2] if "}: " in rest else rest.partition(": ")[2]
    return f"{head.lower()}: {said}" if said else head.lower()


def _without_number(text: str) -> str:
    return re.sub(r"(cannot unmarshal \w+) \S+ into", r"\1 into", text)


def _without_secrets(refusal: Refusal, body: Body) -> Refusal:
    what = _cut(_masked(refusal.what, body))
    return Refusal(field=refusal.field[:_MAX_TEXT], what=what, unknown=refusal.unknown)


def _masked(text: str, body: Body) -> str:
    """Take values out of a text that may be credentials: of Secrets, variables, keys so named."""
    for value in sorted(set(_hidden(body)), key=len, reverse=True):
        if len(value) >= _SHORTEST:
            text = text.replace(value, "***")
    return text


def _hidden(body: Body) -> Iterator[str]:
    yield from (str(get(body, path)) for path in credential_paths(body))
    yield from _variables(body)
    if body.get("kind") == "Secret":
        for section in ("data", "stringData"):
            content = body.get(section)
            for value in content.values() if isinstance(content, Mapping) else ():
                yield str(value)
                yield decoded(str(value))


def _variables(node: Any) -> Iterator[str]:
    """Yield the values of environment variables, at any depth."""
    if isinstance(node, list):
        for item in node:
            if isinstance(item, Mapping) and {"name", "value"} <= item.keys():
                yield str(item["value"])
            yield from _variables(item)
    elif isinstance(node, Mapping):
        for child in node.values():
            yield from _variables(child)


def _cut(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _MAX_TEXT else f"{line[:_MAX_TEXT]}..."
