"""The proof that a reference does what its value did: tokens in the place of values, rendered.

With a token standing where the value stood *and* the reference set, everything that reads the
value alone shows the token. Where it is nowhere, and the Secret is referred to with its keys,
nothing misses the value once it is gone.
"""

import base64
import copy
import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from builder.core import needs
from builder.core.encoding import decoded
from builder.core.manifests import Body, Resource
from builder.core.secrets.model import Credential, Path

_DEPTH = 3  # base64 in base64 in base64: nobody goes further


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """What a render says of one credential.

    ``missing`` are keys of its Secret that nothing refers to, ``shown`` the resources that still
    hold the value.
    """

    missing: tuple[str, ...]
    shown: tuple[str, ...]

    @property
    def proven(self) -> bool:
        """Tell whether the reference takes the value's place everywhere."""
        return not self.missing and not self.shown


def token(credential: Credential, path: Path) -> str:
    """Return a text that stands nowhere else: letters and digits, the same in every run."""
    key = f"{credential.resource} {credential.rule.name} {'/'.join(path)}"
    return f"zsealift{hashlib.sha256(key.encode()).hexdigest()[:16]}"


def planted(body: Body, credentials: Sequence[Credential]) -> Body:
    """Return the resource with the references set, and a token where each value stood."""
    result = copy.deepcopy(dict(body))
    for credential in credentials:
        for path in credential.literals:
            # Where the reference stands below the value's own place, only one of both can stand.
            if any(other[: len(path)] == path for other in credential.references):
                _set(result, path, {})
            else:
                _set(result, path, token(credential, path))
        for path, value in credential.references.items():
            _set(result, path, value)
    return result


def redacted(text: str, credentials: Iterable[Credential]) -> str:
    """Return a text without the values of credentials: a chart may quote what it refuses."""
    values = {value for one in credentials for value in one.literals.values()}
    for value in sorted(values, key=len, reverse=True):
        text = text.replace(value, "***")
    return text


def _set(value: Any, path: Path, leaf: Any) -> None:
    for step in path[:-1]:
        if isinstance(value, list):
            value = value[int(step)]
            continue
        if not isinstance(value.get(step), dict | list):
            value[step] = {}
        value = value[step]
    if isinstance(value, list):
        value[int(path[-1])] = leaf
    else:
        value[path[-1]] = leaf


def verdict(resources: Iterable[Resource], credential: Credential) -> Verdict:
    """Judge a credential by what was rendered from the planted resource."""
    created = [r for r in resources if not r.origin.test_hook]
    sought = [token(credential, path) for path in credential.literals]
    shown = [str(r.id) for r in created if any(shows(r.body, text) for text in sought)]
    return Verdict(missing=_not_referred_to(created, credential), shown=tuple(dict.fromkeys(shown)))


def _not_referred_to(resources: Iterable[Resource], credential: Credential) -> tuple[str, ...]:
    wanted = set(credential.keys.values())
    for one in needs.place(resources, credential.namespace, {}, {}):
        for need in needs.uses(one):
            place = (need.kind, need.namespace, need.name)
            if place == ("Secret", credential.namespace, credential.secret):
                # A Secret that is taken whole has all of its keys taken.
                wanted -= set(need.keys or wanted)
    return tuple(sorted(wanted))


def made(resources: Iterable[Resource], credential: Credential) -> bool:
    """Tell whether the chart itself makes a Secret of the name that a credential's shall have."""
    return any(
        one.resource.id.kind == "Secret"
        and (one.namespace, one.resource.id.name) == (credential.namespace, credential.secret)
        for one in needs.place(resources, credential.namespace, {}, {})
    )


def shows(value: Any, sought: str) -> bool:
    """Tell whether a text is somewhere in a value: in keys and texts, base64 at any offset too."""
    if isinstance(value, Mapping):
        return any(shows(key, sought) or shows(child, sought) for key, child in value.items())
    if isinstance(value, list):
        return any(shows(child, sought) for child in value)
    return isinstance(value, str) and _in_text(value, sought, _DEPTH)


def _in_text(text: str, sought: str, depth: int) -> bool:
    if sought in text.lower() or any(part in text for part in _encoded(sought)):
        return True
    inner = decoded(text) if depth else ""
    return bool(inner) and _in_text(inner, sought, depth - 1)


def _encoded(sought: str) -> Iterator[str]:
    """Yield what a text leaves in base64, for each of the three offsets at which it may begin."""
    data = sought.encode()
    for offset in range(3):
        whole = base64.b64encode(b"\0" * offset + data).decode()
        yield whole[-(-offset * 8 // 6) : (offset + len(data)) * 8 // 6]
