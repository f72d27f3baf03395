"""Values that are not images: what ends outbound URLs, and pull secrets."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from builder.core import first_order, subcharts
from builder.core.base import NestedChartRule, OffSwitch
from builder.core.environment import Environment
from builder.core.findings import Finding
from builder.core.manifests import Resource
from builder.core.mirror import matches
from builder.core.overrides import Path
from builder.core.pointer import get, tokens
from builder.core.references import Reference
from builder.core.verify import leaves

Assignment = tuple[Path, Any, str]


def off_switches(
    rule: NestedChartRule | None,
    references: Collection[Reference],
    environment: Environment,
    taken: Collection[Path],
) -> Iterator[Assignment]:
    """Yield the next value to set for each outbound URL that the base knows an end of.

    ``taken`` are the paths that are set already: where one was not enough, the next follows.
    """
    ended: set[str] = set()
    for switch in rule.off_switches if rule else ():
        path = tokens(switch.value)
        if path in taken or switch.url in ended:
            continue
        calling = next((r for r in references if calls_out(r, switch, environment)), None)
        if calling is not None:
            ended.add(switch.url)
            yield path, switch.to, f"{calling.shown}: {switch.reason}"


def calls_out(reference: Reference, switch: OffSwitch, environment: Environment) -> bool:
    """Tell whether a reference is an outbound URL that the switch ends."""
    return (
        reference.kind == "url"
        and not reference.comment
        and matches(switch.url, reference.value)
        and leaves(reference, environment)
    )


def pull_secrets(
    resources: Iterable[Resource],
    values: Mapping[str, Any],
    environment: Environment,
    taken: Collection[Path],
) -> Iterator[Assignment]:
    """Yield the values that let every Pod pull: the global one, then a subchart's own.

    The global one is tried even where the chart's values do not name it: many templates read it. A
    subchart's own is set where the chart knows it. Both in the object form of Kubernetes.
    """
    secret = environment.registry.pull_secret
    without = [r for r in resources if secret and lacks(r, secret)]
    shared = ("global", "imagePullSecrets")
    paths: list[Path] = [shared] if without else []
    if without and shared in taken:
        prefixes = {subcharts.prefix(r.origin.template) for r in without}
        own = [(*prefix, "imagePullSecrets") for prefix in sorted(prefixes)]
        paths = [path for path in own if get(values, path, ...) is not ...]
    for path in paths:
        value = [*(get(values, path) or []), {"name": secret}]
        yield path, value, "lets the Pods pull from the registry"


def without_pull_secret(
    resources: Iterable[Resource], environment: Environment
) -> Iterator[Finding]:
    """Yield a warning for each workload whose Pods no value lets pull from the registry."""
    secret = environment.registry.pull_secret
    for resource in resources if secret else ():
        if lacks(resource, str(secret)):
            yield Finding(
                code="no-pull-secret",
                severity="warning",
                subject=str(resource.id),
                place=f"{resource.id} ({resource.origin.template})",
                cause=f"no value of the chart gives its Pods the pull secret {secret}",
                hint="let its ServiceAccount have it, or pull without a login",
            )


def lacks(resource: Resource, secret: str) -> bool:
    """Tell whether a workload that controllers will create has a Pod without the Secret."""
    return not resource.origin.test_hook and first_order.lacks_pull_secret(resource, secret)
