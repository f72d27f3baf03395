"""The programs on this machine."""

from collections.abc import Callable

from builder.core.checks import Check, failed
from builder.core.errors import ToolError
from builder.tools import helm, kustomize


def check() -> list[Check]:
    """Look for helm and kustomize, and whether their versions fit."""
    return [_of("helm", lambda: helm.find()[1]), _of("kustomize", lambda: kustomize.find()[1])]


def _of(name: str, version: Callable[[], str]) -> Check:
    try:
        return Check(group="tools", subject=name, state="ok", detail=version())
    except ToolError as error:
        return failed("tools", name, error)
