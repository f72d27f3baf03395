"""Label selectors, as kustomize and kubectl read them: ``app=web,tier in (front, back),!old``."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

_TERM = re.compile(
    r"\s*(?:"
    r"(?P<absent>!)\s*(?P<missing>[\w./-]+)"
    r"|(?P<key>[\w./-]+)\s*(?:"
    r"(?P<equals>==?|!=)\s*(?P<value>[\w.-]*)"
    r"|\s(?P<set>in|notin)\s*\((?P<values>[\w.,\s-]*)\)"
    r")?)\s*(?:,|$)"
)


def parse(selector: str) -> list[re.Match[str]]:
    """Return the terms of a selector; raise ValueError when it is none."""
    return list(_terms(selector))


def _terms(selector: str) -> Iterator[re.Match[str]]:
    position = 0
    while position < len(selector):
        term = _TERM.match(selector, position)
        if term is None:
            raise ValueError(f"cannot read {selector[position:]!r}")
        yield term
        position = term.end()


def selects(selector: str, labels: Mapping[str, Any]) -> bool:
    """Tell whether labels, or annotations, meet every term of a selector."""
    return all(_meets(term, labels) for term in _terms(selector))


def _meets(term: re.Match[str], labels: Mapping[str, Any]) -> bool:
    if term["absent"]:
        return term["missing"] not in labels
    found = labels.get(term["key"])
    if term["set"]:
        among = found in [value.strip() for value in term["values"].split(",")]
        return among is (term["set"] == "in")
    if term["equals"]:
        return (found == term["value"]) is (term["equals"] != "!=")
    return term["key"] in labels
