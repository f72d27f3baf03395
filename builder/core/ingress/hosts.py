"""The host of the platform's Ingresses: which one is not the environment's, and what makes it."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from builder.core import hosts as networks
from builder.core import solve
from builder.core.environment import Environment
from builder.core.ingress.read import hosts, place, rules
from builder.core.manifests import Resource
from builder.core.overrides import Path, own_leaves
from builder.core.pointer import get
from builder.core.references import Reference
from builder.core.solve import Goal
from builder.core.trace import Traced


def wanted(environment: Environment) -> str:
    """Return the host that people use, without its port; empty when the environment names none."""
    host = networks.without_port(environment.ingress.host or "").lower()
    return "" if host.startswith("*") else host


def foreign(
    ingresses: Iterable[Resource], environment: Environment, *, declared: bool = False
) -> list[str]:
    """Return the hosts in whose place the environment's has to stand, sorted; mostly one.

    None when one of the Ingresses has the environment's: other hosts stand beside it then. Those
    inside the network stay, as somebody's choice, unless they are ``declared`` the platform's.
    """
    named = [hosts(ingress) for ingress in ingresses]
    own = wanted(environment)
    if not own or any(own in group for group in named):
        return []
    if declared:
        found = {group[0] for group in named if group}
    else:
        found = {host for group in named for host in group}
        found = {host for host in found if not networks.is_inside(host, environment.hosts)}
    return sorted(host for host in found if not host.startswith("*"))


def serves(ingress: Resource, host: str) -> bool:
    """Tell whether an Ingress answers for a host: by its name, a wildcard, or any name."""
    named = [str(rule.get("host") or "") for rule in rules(ingress.body)]
    parent = host.partition(".")[2]
    return any(one in ("", host, f"*.{parent}") for one in named) or not named


def is_whole(host: str, text: str) -> bool:
    """Tell whether a host stands in a text as such, and not as a part of another name."""
    return _whole(host).search(text) is not None


def replaced(text: str, host: str, other: str) -> str:
    """Return a text with another host in the place of one."""
    return _whole(host).sub(lambda _: other, text)


def _whole(host: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w.-]){re.escape(host)}(?![\w-]|\.\w)", re.IGNORECASE)


def candidates(values: Mapping[str, Any], host: str) -> list[Path]:
    """Return the values that a host may be made of: those with all of it, or with its domain."""
    return [
        path
        for path, value in own_leaves(values)
        if isinstance(value, str)
        and value
        and (is_whole(host, value) or host.endswith(f".{value}") or host.startswith(f"{value}."))
    ]


def references(ingresses: Iterable[Resource]) -> list[Reference]:
    """Return the hosts of Ingresses as references, so that tokens can be read in them."""
    return [
        Reference(
            kind="url",
            value=str(rule.get("host") or ""),
            resource=ingress.id,
            path=("spec", "rules", str(index), "host"),
            place=place(ingress),
            origin=ingress.origin,
        )
        for ingress in ingresses
        for index, rule in enumerate(get(ingress.body, ("spec", "rules")) or [])
        if isinstance(rule, dict)
    ]


def moved(
    traced: Sequence[Traced],
    host: str,
    other: str,
    values: Mapping[str, Any],
    frozen: Collection[Path],
) -> dict[Path, str]:
    """Return the values that put another host where one stands.

    ``traced`` are the hosts of the Ingresses with the values that make them.
    """
    found: dict[Path, str] = {}
    makers = [one for one in traced if one.reference.value == host]
    paths = dict.fromkeys(path for one in makers for path in one.paths)
    for path in paths:
        value = get(values, path)
        if path not in frozen and isinstance(value, str) and is_whole(host, value):
            found[path] = replaced(value, host, other)
    if found:
        return found
    goals = [Goal(traced=one, target=other) for one in makers if one.pieces and one.paths]
    return solve.solve(goals, values, frozen).assignments if goals else {}
