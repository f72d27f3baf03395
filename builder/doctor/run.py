"""All checks of an environment: those that wait for the network at the same time."""

from collections.abc import Callable, Collection, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass

from builder.build import Build, build
from builder.core.checks import GROUPS, Check, Group, failed, ordered, skipped
from builder.core.errors import SealiftError
from builder.core.findings import Finding
from builder.core.text import count
from builder.doctor import charts, git, images, inside, server, tools
from builder.parallel import JOBS
from builder.registries import Registries
from builder.tools import kubectl
from builder.tools.charts import Login
from builder.tools.kubectl import Cluster
from builder.workspace import Overlay

_Work = Callable[[], list[Check]]
_SUBJECTS: Mapping[Group, str] = {"registry": "images", "cluster": "Kubernetes"}
_UNBUILT = "the environment cannot be built, so what it needs is not known"


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """What is to be checked, and how it is reached.

    ``kubeconfig`` is empty when no cluster was named; ``platforms`` are those that images have to
    be for, where the nodes of the cluster are not to tell. With ``server``, the API server
    is to try each resource.
    """

    registries: Registries
    login: Login
    kubeconfig: str = ""
    context: str = ""
    server: bool = False
    platforms: tuple[str, ...] = ()
    groups: Collection[Group] = GROUPS
    jobs: int = JOBS


def examine(overlay: Overlay, asked: Asked) -> list[Check]:
    """Return every check of the groups that were asked for, in order.

    What fails is a failed check: it keeps no other from being made.
    """
    with ThreadPoolExecutor() as pool, ExitStack() as stack:
        running = [
            pool.submit(_done, group, work)
            for group, work in _first(overlay)
            if group in asked.groups
        ]
        cluster, found = _cluster(asked, stack)
        facts = pool.submit(inside.facts, cluster) if cluster else None
        built: Build | None = None
        if cluster or {"build", "registry", "charts"} & set(asked.groups):
            built, more = _built(overlay)
            found += more
        running += [
            pool.submit(_done, group, work)
            for group, work in _resting(overlay, built, asked, cluster, facts)
            if group in asked.groups
        ]
        found += [check for done in running for check in done.result()]
        return ordered(check for check in found if check.group in asked.groups)


def _done(group: Group, work: _Work) -> list[Check]:
    """Make the checks of a group; what keeps all of them from being made is one that failed."""
    try:
        return work()
    except SealiftError as error:
        return [failed(group, _SUBJECTS.get(group, group), error)]


def _first(overlay: Overlay) -> Iterator[tuple[Group, _Work]]:
    """Yield what needs no build."""
    yield "tools", tools.check
    yield "git", lambda: git.check(overlay)


def _resting(
    overlay: Overlay,
    built: Build | None,
    asked: Asked,
    cluster: Cluster | None,
    facts: Future[inside.Facts] | None,
) -> Iterator[tuple[Group, _Work]]:
    """Yield what rests on the build: without one, that is said of each group."""
    if cluster is not None and facts is not None:
        yield "cluster", lambda: inside.check(overlay, built, cluster, facts.result(), asked.jobs)
        if asked.server:
            yield "cluster", lambda: server.check(built, cluster, facts.result())
    if built is None:
        yield "charts", lambda: [skipped("charts", "charts", _UNBUILT)]
        yield "registry", lambda: [skipped("registry", "images", _UNBUILT)]
        return
    yield "charts", lambda: charts.check(built, asked.registries, asked.login, asked.jobs)

    def all_images() -> list[Check]:
        nodes = facts.result().platforms if facts else frozenset()
        platforms = asked.platforms or tuple(sorted(nodes))
        return images.check(built, asked.registries, platforms, asked.jobs)

    yield "registry", all_images


def _cluster(asked: Asked, stack: ExitStack) -> tuple[Cluster | None, list[Check]]:
    """Open the cluster where it is to be checked, or where its nodes tell the platforms."""
    of_nodes = "registry" in asked.groups and not asked.platforms
    if "cluster" not in asked.groups and not of_nodes:
        return None, []
    if not asked.kubeconfig:
        why = "no cluster is named: nobody looks for Secrets, ConfigMaps and ingress classes"
        hint = "give --kubeconfig, or set KUBECONFIG"
        return None, [skipped("cluster", "Kubernetes", why, hint)]
    try:
        return stack.enter_context(kubectl.cluster(asked.kubeconfig, asked.context)), []
    except SealiftError as error:
        return None, [failed("cluster", "Kubernetes", error)]


def _built(overlay: Overlay) -> tuple[Build | None, list[Check]]:
    try:
        built = build(overlay)
    except SealiftError as error:
        return None, [failed("build", overlay.name, error)]
    errors = [finding for finding in built.findings if finding.severity == "error"]
    if errors:
        return built, [_open(overlay.name, errors)]
    closed = "closed: nothing that it fetches lies outside"
    return built, [Check(group="build", subject=overlay.name, state="ok", detail=closed)]


def _open(name: str, errors: list[Finding]) -> Check:
    first = f"{errors[0].subject} ({errors[0].code})"
    return Check(
        group="build",
        subject=name,
        state="failure",
        detail=f"it does not ship: {count(len(errors), 'error')}, the first is {first}",
        hint=f"run `sealift build {name}`",
    )
