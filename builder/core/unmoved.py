"""What no value moves, and what can be done about it."""

from collections.abc import Collection, Iterator, Mapping

from builder.core import trace
from builder.core.environment import Environment
from builder.core.findings import Finding
from builder.core.first_order import target
from builder.core.references import Reference
from builder.core.trace import Path, Traced
from builder.core.verify import of_reference


def findings(
    reference: Reference,
    traced: Traced | None,
    environment: Environment,
    frozen: Collection[Path],
    conditions: Mapping[Path, str],
) -> Iterator[Finding]:
    """Yield what is left to say about a reference after all that could be set is set.

    ``traced`` tells the values that make it, ``frozen`` those that a hand-written patch has set,
    ``conditions`` the values that switch subcharts off.
    """
    codes = {f.code for f in of_reference(reference, environment) if f.severity == "error"}
    paths = traced.paths if traced else ()
    shown = ", ".join("/" + "/".join(path) for path in paths)
    place = f"{reference} ({reference.origin.template})"
    if "floating-tag" in codes:
        yield Finding(
            code="no-pin",
            subject=reference.value,
            place=place,
            cause="the tag floats, and no pin is named for the image",
            hint=f"add to environment.yaml pins: {{{_source(traced, reference)}: VERSION}}"
            + (f"; it is made by {shown}" if shown else ""),
        )
    if "outside-reference" in codes:
        cause, hint = _why(reference, shown, [p for p in paths if p in frozen], environment)
        off = trace.condition(conditions, reference.origin.template)
        if off and reference.kind == "image":
            hint = f"switch the component off ({off}: false), or {hint}"
        yield Finding(
            code="cannot-move", subject=reference.value, place=place, cause=cause, hint=hint
        )


def _source(traced: Traced | None, reference: Reference) -> str:
    """Name the image as the chart has it: that is what a pin is for."""
    name = (traced.reference if traced else reference).image
    return f"{name.registry}/{name.repository}" if name else reference.value


def _why(
    reference: Reference, paths: str, held: list[Path], environment: Environment
) -> tuple[str, str]:
    if held:
        shown = ", ".join("/" + "/".join(path) for path in held)
        return f"a patch of your own has set it: {shown}", "change that patch, or take it out"
    if reference.kind != "image":
        return (
            f"it is made by {paths}" if paths else "no value of the chart makes it",
            "name what takes its place in environment.yaml urls:, or allow: it with a reason",
        )
    wanted = target(reference, environment)
    return (
        f"no value moves it to {wanted}" + (f" ({paths} is in it)" if paths else ""),
        "use a repackaged chart, map the image in environment.yaml registry.mappings to a name "
        "that its value can make, or mirror its registry on the nodes",
    )
