"""What a preflight prints: for people, as JSON, and as JUnit XML for CI."""

import dataclasses
import json
import re
from collections.abc import Sequence
from itertools import groupby
from xml.etree import ElementTree

from builder.core.checks import Check, counts
from builder.core.text import count, lines

_FOLDED = 4
_INDENT = " " * 13  # of the second line of a text, which looks like no check
# XML 1.0 has no way to write these.
_NOT_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def text(checks: Sequence[Check], *, verbose: bool) -> str:
    """Write checks by group; many that are well become one line unless ``verbose``."""
    blocks = []
    for group, members in groupby(checks, lambda check: check.group):
        listed = list(members)
        well = [check for check in listed if check.state == "ok"]
        folded = not verbose and len(well) > _FOLDED
        shown = [check for check in listed if not folded or check.state != "ok"]
        block = [group, *(line for check in shown for line in _lines(check))]
        if folded:
            first = f"{well[0].subject}: {well[0].detail}"
            block.append(lines(f"  ok       {len(well)} checks, as {first}", _INDENT))
        blocks.append("\n".join(block))
    return "\n".join([*blocks, "", verdict(checks)])


def _lines(check: Check) -> list[str]:
    found = [f"  {check.state:<7}  {check.subject}: {check.detail}"]
    found += [f"           next: {check.hint}"] if check.hint else []
    return [lines(part, _INDENT) for part in found]


def verdict(checks: Sequence[Check]) -> str:
    """Write how many checks ended how."""
    found = counts(checks)
    nouns = {"failure": "failure", "warning": "warning"}
    parts = [count(found[s], nouns[s]) for s in ("failure", "warning") if found[s]]
    parts += [f"{found['skipped']} skipped"] if found["skipped"] else []
    return ", ".join([*parts, f"{found['ok']} ok"])


def as_json(environment: str, checks: Sequence[Check]) -> str:
    """Write checks as JSON."""
    found = {
        "environment": environment,
        "counts": counts(checks),
        "checks": [dataclasses.asdict(check) for check in checks],
    }
    return json.dumps(found, indent=2, ensure_ascii=False)


def junit(environment: str, checks: Sequence[Check]) -> str:
    """Write checks as JUnit XML: a suite a group. It has no warnings; they stand in the output."""
    root = ElementTree.Element("testsuites", _numbers(checks, f"sealift doctor {environment}"))
    for group, members in groupby(checks, lambda check: check.group):
        listed = list(members)
        suite = ElementTree.SubElement(root, "testsuite", _numbers(listed, group))
        for check in listed:
            names = {"classname": f"{environment}.{group}", "name": _xml(check.subject)}
            case = ElementTree.SubElement(suite, "testcase", names)
            said = _xml(check.detail + (f"\nnext: {check.hint}" if check.hint else ""))
            if check.state in ("failure", "skipped"):
                tag = check.state
                ElementTree.SubElement(case, tag, {"message": _xml(check.detail)}).text = said
            else:
                ElementTree.SubElement(case, "system-out").text = f"{check.state}: {said}"
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=True)


def _numbers(checks: Sequence[Check], name: str) -> dict[str, str]:
    found = counts(checks)
    return {
        "name": _xml(name),
        "tests": str(len(checks)),
        "failures": str(found["failure"]),
        "skipped": str(found["skipped"]),
    }


def _xml(value: str) -> str:
    return _NOT_XML.sub("\ufffd", value)
