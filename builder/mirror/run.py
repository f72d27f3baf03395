"""Carrying a plan out."""

from collections.abc import Iterator
from dataclasses import dataclass

from builder.core.errors import ToolError
from builder.core.findings import Finding
from builder.mirror.charts import ChartStep, Store, copy_chart
from builder.mirror.copy import Copied, Progress, copy
from builder.mirror.plan import Plan
from builder.parallel import Failure, findings
from builder.registries import Registries


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """What was copied, what had been there, and what could not be copied."""

    copied: tuple[Copied, ...]
    charts: tuple[ChartStep, ...]
    present: int
    findings: tuple[Finding, ...]


def taken(plan: Plan, *, replace: bool) -> Iterator[Finding]:
    """Yield what must not be overwritten without being told to, and what cannot be copied."""
    for step in plan.images:
        if step.state == "replace" and not replace:
            yield Finding(
                code="tag-taken",
                subject=step.image.image,
                place="the mirror",
                cause=f"it is {step.found} there, and {step.image.digest} in the lock",
                hint="who pulls it would get another image: use --replace if that is right",
            )
        if step.state == "unsourced":
            yield Finding(
                code="source-unknown",
                subject=step.image.image,
                place="the mirror",
                cause="it is not there as locked, and nobody knows from where it comes",
                hint="name its source in environment.yaml registry.mappings: {SOURCE: PATH}",
            )
    for chart in plan.charts:
        if chart.state == "replace" and not replace:
            yield Finding(
                code="chart-taken",
                subject=f"chart {chart.chart.name}-{chart.chart.version}",
                place=chart.target,
                cause=f"another archive has this version there, not {chart.chart.sha256}",
                hint="find out why, then use --replace",
            )


def run(
    plan: Plan,
    registries: Registries,
    store: Store | None,
    progress: Progress,
    *,
    jobs: int,
    replace: bool = False,
) -> Outcome:
    """Copy what the plan says is missing; what fails does not keep the rest from being copied."""
    todo = ("copy", "replace")
    entries = [step.image for step in plan.images if step.state in todo]
    copied, failures = copy(entries, registries, progress, jobs)
    charts = []
    for step in plan.charts:
        if step.state in todo and store is not None:
            try:
                copy_chart(step, store, replace=replace)
                charts.append(step)
            except ToolError as error:
                title = f"chart {step.chart.name}-{step.chart.version}"
                failures.append(Failure(subject=title, error=error))
    return Outcome(
        copied=tuple(copied),
        charts=tuple(charts),
        present=sum(s.state == "present" for s in plan.images)
        + sum(s.state == "present" for s in plan.charts),
        findings=tuple(findings(failures)),
    )
