"""The closure of a build as a picture: sources, resources in Git, nested charts, what is fetched.

Comments fetch nothing, and addresses that only the cluster's own DNS answers lead nowhere: the
former are left out, the latter counted.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from builder.build import Build
from builder.core import hosts
from builder.core import image as images
from builder.core.picture import Link, Node, Picture, draw
from builder.core.references import Reference
from builder.core.text import count
from builder.core.verify import leaves
from builder.expand import NestedRender
from builder.page.states import States

_SOURCE, _GIT = 0, 1
_WIDTHS = {"source": 130, "git": 265, "chart": 215, "rows": 470}
_LONGEST = 56
_NAME = 32
_OUTSIDE = "outside: "
_CLUSTER = "in the cluster"


def picture(built: Build, states: States, anchors: Mapping[str, str]) -> Picture:
    """Draw a build; ``anchors`` are the places on the page of images and charts."""
    drawing = _Closure(built, states, anchors)
    depth = max(drawing.depths.values(), default=0)
    charts = range(depth)
    titles = ["Sources", "In Git", *("Nested charts" if not n else "" for n in charts), "Fetched"]
    widths = [_WIDTHS["source"], _WIDTHS["git"], *(_WIDTHS["chart"] for _ in charts)]
    nodes = [*drawing.sources(), *drawing.resources(), *drawing.charts(), *drawing.rows(2 + depth)]
    known = {node.key for node in nodes}
    links = [link for link in drawing.links() if {link.source, link.target} <= known]
    return draw(nodes, links, titles, [*widths, _WIDTHS["rows"]])


class _Closure:
    """Nodes and links of one build."""

    def __init__(self, built: Build, states: States, anchors: Mapping[str, str]) -> None:
        self.built, self.states, self.anchors = built, states, anchors
        self.depths = _depths(built.nested)
        self.references = [r for r in built.references if not r.comment]
        self.makers = {_maker(r) for r in self.references} | set(self.depths)

    def sources(self) -> Iterator[Node]:
        """Yield where resources come from: kustomizations."""
        found = Counter(resource.origin.source for resource in self.built.manifests)
        for source, number in found.items():
            yield Node(
                key=f"source {source}", column=_SOURCE, title=_cut(source, 17), full=source,
                detail=count(number, "resource"),
            )  # fmt: skip

    def resources(self) -> Iterator[Node]:
        """Yield the resources in Git that fetch something, and one node for all others."""
        quiet: Counter[str] = Counter()
        for resource in self.built.manifests:
            key, state = str(resource.id), self.states.of_resource(resource.id)
            if not state and not self._makes(key):
                quiet[resource.origin.source] += 1
                continue
            patches = len(resource.origin.patches)
            patched = f" · {count(patches, 'patched place')}" if patches else ""
            yield Node(
                key=f"git {key}", column=_GIT, title=_cut(resource.id.name, _NAME), full=key,
                detail=resource.id.kind + patched, state=state,
            )  # fmt: skip
        for source, number in quiet.items():
            yield Node(
                key=f"quiet {source}", column=_GIT, title=f"{number} more",
                detail="fetch nothing", state="quiet",
            )  # fmt: skip

    def _makes(self, key: str) -> bool:
        return any(maker[0] == key for maker in self.makers)

    def charts(self) -> Iterator[Node]:
        """Yield the nested charts."""
        for nested in self.built.nested:
            chart = nested.chart
            maker = (str(chart.resource.id), chart.title)
            yield Node(
                key=_key(maker), column=_GIT + self.depths[maker], title=_cut(chart.name, 26),
                full=f"{chart.title}, from {chart.resource.id}",
                detail=f"{chart.version} · {count(len(nested.created), 'resource')}",
                state=self.states.of_subject(chart.title),
                href=self.anchors.get(chart.title, ""),
            )  # fmt: skip

    def rows(self, column: int) -> Iterator[Node]:
        """Yield what is fetched, each once: what lies outside first, then by host."""
        found: dict[str, Node] = {}
        for reference in self.references:
            node = self._row(reference, column)
            other = found.get(node.key)
            if other is None or _worse(node.state, other.state):
                found[node.key] = node
        places = self._places()
        yield from sorted(found.values(), key=lambda n: (*_order(n), places[n.key], n.title))

    def _places(self) -> dict[str, float]:
        """Return by row where those who fetch it stand, so that few ribbons cross."""
        order = {f"git {r.id}": number for number, r in enumerate(self.built.manifests)}
        order |= {_key(maker): len(order) + n for n, maker in enumerate(self.depths)}
        found: dict[str, list[int]] = {}
        for link in self._fetched():
            found.setdefault(link.target, []).append(order.get(link.source, len(order)))
        return {key: sum(numbers) / len(numbers) for key, numbers in found.items()}

    def _row(self, reference: Reference, column: int) -> Node:
        if self._in_cluster(reference):
            number = len({r.shown for r in self.references if self._in_cluster(r)})
            title = f"{number} address{'es' if number > 1 else ''} of services"
            return Node(key=_CLUSTER, column=column, title=title, group=_CLUSTER, state="quiet")
        outside = leaves(reference, self.built.overlay.environment)
        group, title = _named(reference)
        state = self.states.of_reference(reference)
        return Node(
            key=_row_key(reference), column=column, title=_cut(title, _LONGEST),
            full=f"{title}\n{reference.shown}" if title != reference.shown else title,
            group=(_OUTSIDE if outside else "") + group, state=state,
            detail=self.states.word(reference, outside=outside),
            href=self.anchors.get(reference.value, ""),
        )  # fmt: skip

    def _in_cluster(self, reference: Reference) -> bool:
        """Tell whether nothing but the cluster answers to a URL."""
        if reference.kind != "url" or leaves(reference, self.built.overlay.environment):
            return False
        return hosts.is_inside(hosts.of_url(reference.value), ())

    def links(self) -> Iterator[Link]:
        """Yield who makes what, each once, with the worst state of it."""
        found: dict[tuple[str, str], str] = {}
        for link in (*self._made(), *self._fetched()):
            key = (link.source, link.target)
            if key not in found or _worse(link.state, found[key]):
                found[key] = link.state
        return (Link(source=s, target=t, state=state) for (s, t), state in found.items())

    def _made(self) -> Iterator[Link]:
        for resource in self.built.manifests:
            source = f"source {resource.origin.source}"
            yield Link(source=source, target=f"git {resource.id}")
            if not self.states.of_resource(resource.id) and not self._makes(str(resource.id)):
                yield Link(source=source, target=f"quiet {resource.origin.source}", state="quiet")
        for nested in self.built.nested:
            chart = nested.chart
            above = chart.resource.origin
            start = f"git {chart.resource.id}"
            if above.parent is not None:
                start = _key((str(above.parent), above.source))
            yield Link(source=start, target=_key((str(chart.resource.id), chart.title)))

    def _fetched(self) -> Iterator[Link]:
        for reference in self.references:
            if self._in_cluster(reference):
                yield Link(source=_key(_maker(reference)), target=_CLUSTER, state="quiet")
                continue
            maker = _maker(reference)
            if reference.kind in ("chart", "oci") and reference.place.startswith("chart "):
                made = (str(reference.resource), reference.place.removeprefix("chart "))
                maker = made if made in self.depths else maker
            state = self.states.of_reference(reference)
            yield Link(source=_key(maker), target=_row_key(reference), state=state)


def _depths(nested: Iterable[NestedRender]) -> dict[tuple[str, str], int]:
    """Return how deep each nested chart stands: 1 for one that a resource in Git names."""
    found: dict[tuple[str, str], int] = {}
    for one in nested:  # parents come before their children
        origin = one.chart.resource.origin
        above = found.get((str(origin.parent), origin.source), 0) if origin.parent else 0
        found[str(one.chart.resource.id), one.chart.title] = above + 1
    return found


def _maker(reference: Reference) -> tuple[str, str]:
    """Return what makes a reference: a resource in Git, or the chart of one."""
    origin = reference.origin
    return (str(origin.parent), origin.source) if origin.parent else (str(reference.resource), "")


def _key(maker: tuple[str, str]) -> str:
    return f"chart {maker[0]} {maker[1]}" if maker[1] else f"git {maker[0]}"


def _row_key(reference: Reference) -> str:
    return f"{reference.kind} {_named(reference)} {reference.shown}"


def _named(reference: Reference) -> tuple[str, str]:
    """Return host and name of a reference, as two people would say it to each other."""
    if reference.kind == "image":
        name = images.read(reference.value)
        if name is None:
            return "unreadable", reference.shown
        tag = f":{name.tag}" if name.tag else ""
        digest = f"@{name.digest[:15]}…" if name.digest else ""
        return name.registry, f"{name.repository.removeprefix('library/')}{tag}{digest}"
    host = hosts.of_url(reference.shown)
    if reference.place.startswith("chart "):
        return host, reference.place.removeprefix("chart ")
    path = reference.shown.partition("://")[2].partition("/")[2]
    return host, f"/{path}" if path else reference.shown


def _order(node: Node) -> tuple[int, str]:
    first = 0 if node.group.startswith(_OUTSIDE) else 2 if node.group == _CLUSTER else 1
    return first, node.group


_RANK: dict[str, int] = {"": 0, "quiet": 0, "note": 1, "warning": 2, "error": 3}


def _worse(one: str, other: str) -> bool:
    return _RANK[one] > _RANK[other]


def _cut(text: str, width: int) -> str:
    """Cut the beginning of a long name: versions and tags stand at its end."""
    return text if len(text) <= width else f"…{text[1 - width :]}"
