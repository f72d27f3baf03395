"""What a credential is: its rule in the base, where it stands, and the Secret for it."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from builder.core.base import CredentialRule
from builder.core.credentials import is_placeholder
from builder.core.manifests import ResourceId

Path = tuple[str, ...]
State = Literal["literal", "kept", "referenced"]
"""``literal``: its value stands in the resource; ``kept``: it did, when the patch was written;
``referenced``: people refer to a Secret themselves."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Credential:
    """One credential of a custom resource; paths count from the resource's top.

    ``literals`` are the values that stand there; ``references`` what has to stand instead.
    ``keys`` are those of the Secret, by the path of the value.
    """

    rule: CredentialRule
    resource: ResourceId
    namespace: str
    secret: str
    keys: Mapping[Path, str] = field(hash=False)
    literals: Mapping[Path, str] = field(hash=False, repr=False)
    references: Mapping[Path, str] = field(hash=False)
    state: State

    @property
    def given(self) -> Mapping[Path, str]:
        """Return the literals but for those that only hold the place of a value."""
        return {path: value for path, value in self.literals.items() if not is_placeholder(value)}


@dataclass(frozen=True, kw_only=True, slots=True)
class WantedSecret:
    """A Secret that has to be in the cluster: its keys, and the values that are at hand.

    What only holds the place of a value is none: it would be encrypted, and nobody could tell.
    """

    namespace: str
    name: str
    keys: tuple[str, ...]
    values: Mapping[str, str] = field(hash=False, repr=False)

    @property
    def complete(self) -> bool:
        """Tell whether the value of every key is at hand."""
        return all(key in self.values for key in self.keys)

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


def wanted(credentials: Iterable[Credential]) -> list[WantedSecret]:
    """Return the Secrets for credentials, sorted; those that share one are joined.

    A key that two have different values for has none: nobody knows which one it is.
    """
    return [
        WantedSecret(
            namespace=namespace,
            name=name,
            keys=tuple(sorted({key for one in group for key in one.keys.values()})),
            values={key: value for key, (value, *more) in _values(group).items() if not more},
        )
        for (namespace, name), group in sorted(_shared(credentials).items())
    ]


def contested(credentials: Iterable[Credential]) -> Iterator[tuple[str, str, list[Credential]]]:
    """Yield each Secret and key that credentials have different values for, with those."""
    for (namespace, name), group in sorted(_shared(credentials).items()):
        for key, values in sorted(_values(group).items()):
            if len(values) > 1:
                users = [one for one in group if key in one.keys.values()]
                yield f"{namespace}/{name}", key, users


def _shared(credentials: Iterable[Credential]) -> dict[tuple[str, str], list[Credential]]:
    found: dict[tuple[str, str], list[Credential]] = {}
    for credential in credentials:
        found.setdefault((credential.namespace, credential.secret), []).append(credential)
    return found


def _values(group: Iterable[Credential]) -> dict[str, list[str]]:
    """Return the values that are given for each key of a Secret, each once."""
    found: dict[str, list[str]] = {}
    for one in group:
        for path, value in one.given.items():
            known = found.setdefault(one.keys[path], [])
            known += [value] if value not in known else []
    return found
