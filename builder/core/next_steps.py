"""Hints that name the command, or the setting, that does what a finding asks for."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from builder.core.findings import Finding
from builder.core.image import parse

_INSIDE = "point it at a host inside"


def named(findings: Iterable[Finding], environment: str, *, patched: bool) -> Iterator[Finding]:
    """Yield the findings with hints for the environment of that name.

    ``patched`` tells that the patches of `sealift airgap` are there: they move all that they can.
    """
    for finding in findings:
        if finding.severity == "error" and finding.code == "outside-reference":
            yield _outside(finding, environment, patched)
        elif finding.severity == "error" and finding.code == "floating-tag":
            yield _floating(finding, environment)
        else:
            hint = finding.hint.replace("`sealift airgap`", f"`sealift airgap {environment}`")
            yield replace(finding, hint=hint)


def _outside(finding: Finding, environment: str, patched: bool) -> Finding:
    hint = finding.hint.replace(
        _INSIDE, f"name what takes its place in environment.yaml urls:, {_INSIDE}"
    )
    command = f"`sealift airgap {environment}`"
    first = f"see what {command} says of it" if patched else f"run {command}"
    return replace(finding, hint=f"{first}, or {hint}")


def _floating(finding: Finding, environment: str) -> Finding:
    name = parse(finding.subject)
    if name is None:
        return finding
    pin = f"environment.yaml pins: {{{name.registry}/{name.repository}: VERSION}}"
    first = f"add to {pin}, and run `sealift airgap {environment}`"
    return replace(finding, hint=f"{first}, or {finding.hint}")
