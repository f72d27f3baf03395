"""A flow drawn from left to right: nodes in columns, joined by ribbons of one width a link.

Only geometry, in the pixels of the drawing: what it looks like is the page's. The last column is a
list of rows in groups; the nodes before it stand as near to what they lead to as they can.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

RIBBON = 7
"""How thick one link is."""
BAR = 4
"""How wide a node's bar is."""
_TOP = 28
_LABEL = 36
_GAP = 18
_ROW = 24
_HEAD = 34
_GROUP_GAP = 14


@dataclass(frozen=True, kw_only=True, slots=True)
class Node:
    """One thing; ``group`` is the heading that it stands under, in the last column only.

    ``state`` is the worst that is said about it, ``href`` where its name leads.
    """

    key: str
    column: int
    title: str
    detail: str = ""
    group: str = ""
    state: str = ""
    href: str = ""
    full: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Link:
    """From where to where, by the keys of two nodes; the first stands further left."""

    source: str
    target: str
    state: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Placed:
    """A node with the upper left corner of its bar, and how high that is."""

    node: Node
    x: int
    y: int
    height: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Ribbon:
    """A link as the line that a pen as thick as :data:`RIBBON` draws."""

    link: Link
    path: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Heading:
    """A heading over a column, or over rows of the last one; ``states`` are those of the rows."""

    text: str
    x: int
    y: int
    states: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True, slots=True)
class Picture:
    """All that is drawn."""

    width: int
    height: int
    headings: tuple[Heading, ...]
    groups: tuple[Heading, ...]
    nodes: tuple[Placed, ...]
    ribbons: tuple[Ribbon, ...]


@dataclass(kw_only=True, slots=True)
class _Drawing:
    """Where each node stands so far, and the links from and to it."""

    xs: Sequence[int]
    tops: dict[str, float] = field(default_factory=dict)
    into: dict[str, list[Link]] = field(default_factory=lambda: defaultdict(list))
    out: dict[str, list[Link]] = field(default_factory=lambda: defaultdict(list))

    def height(self, node: Node) -> int:
        links = max(len(self.into[node.key]), len(self.out[node.key]), 1)
        return links * RIBBON


def draw(
    nodes: Sequence[Node], links: Sequence[Link], titles: Sequence[str], widths: Sequence[int]
) -> Picture:
    """Place nodes and links.

    ``titles`` and ``widths`` are those of the columns; the rows of the last one keep the order in
    which they are given, by group.
    """
    xs = [sum(widths[:number]) for number in range(len(widths))]
    drawing = _Drawing(xs=xs)
    for link in links:
        drawing.into[link.target].append(link)
        drawing.out[link.source].append(link)
    columns: dict[int, list[Node]] = defaultdict(list)
    for node in nodes:
        columns[node.column].append(node)
    last = len(widths) - 1
    groups = _rows(drawing, columns[last])
    for column in range(last - 1, -1, -1):
        _column(drawing, columns[column])
    placed = [
        Placed(
            node=node,
            x=xs[node.column],
            y=round(drawing.tops[node.key]),
            height=drawing.height(node),
        )
        for node in nodes
    ]
    return Picture(
        width=sum(widths),
        height=max((one.y + one.height for one in placed), default=0) + 12,
        headings=tuple(Heading(text=text, x=x, y=12) for text, x in zip(titles, xs, strict=True)),
        groups=tuple(groups),
        nodes=tuple(placed),
        ribbons=tuple(_ribbons(drawing, links, placed)),
    )


def _rows(drawing: _Drawing, nodes: Iterable[Node]) -> list[Heading]:
    """Place the rows of the last column below each other; return the headings between them."""
    y, group = float(_TOP - _GROUP_GAP), None
    headings: list[Heading] = []
    for node in nodes:
        if node.group != group:
            group = node.group
            y += _GROUP_GAP
            headings.append(Heading(text=group, x=drawing.xs[node.column], y=round(y) + 20))
            y += _HEAD
        headings[-1] = replace(headings[-1], states=headings[-1].states | {node.state})
        height = max(_ROW, drawing.height(node) + 8)
        drawing.tops[node.key] = y + (height - drawing.height(node)) / 2
        y += height
    return headings


def _column(drawing: _Drawing, nodes: Sequence[Node]) -> None:
    """Place the nodes of a column near what they lead to, without one on another."""
    wanted = {node.key: _wanted(drawing, node) for node in nodes if drawing.out[node.key]}
    end = max(wanted.values(), default=0.0)  # what leads nowhere stands below what does
    wanted |= {node.key: end for node in nodes if node.key not in wanted}
    order = sorted(nodes, key=lambda node: wanted[node.key])
    offsets, total = [], float(_TOP + _LABEL)
    for node in order:
        offsets.append(total)
        total += drawing.height(node) + _GAP + _LABEL
    free = [wanted[node.key] - offset for node, offset in zip(order, offsets, strict=True)]
    for node, offset, shift in zip(order, offsets, _ascending(free), strict=True):
        drawing.tops[node.key] = offset + max(0.0, shift)


def _ascending(values: Iterable[float]) -> Iterator[float]:
    """Yield the ascending values that are nearest to others, by squares: neighbours are pooled."""
    pools: list[tuple[float, int]] = []
    for value in values:
        mean, size = value, 1
        while pools and pools[-1][0] > mean:
            other, more = pools.pop()
            mean, size = (mean * size + other * more) / (size + more), size + more
        pools.append((mean, size))
    for mean, size in pools:
        yield from (mean,) * size


def _wanted(drawing: _Drawing, node: Node) -> float:
    """Return the top at which a node stands in the middle of what it leads to."""
    targets = [drawing.tops[link.target] for link in drawing.out[node.key]]
    return sum(targets) / len(targets) + RIBBON / 2 - drawing.height(node) / 2


def _ribbons(
    drawing: _Drawing, links: Iterable[Link], placed: Iterable[Placed]
) -> Iterator[Ribbon]:
    """Draw each link as a curve; those of a node stand side by side, in the order of their ends."""
    at = {one.node.key: one for one in placed}
    leaving = _offsets(drawing.out, at, lambda link: link.target)
    arriving = _offsets(drawing.into, at, lambda link: link.source)
    for link in links:
        start, end = at[link.source], at[link.target]
        x0, x1 = start.x + BAR, end.x
        y0, y1 = start.y + leaving[link], end.y + arriving[link]
        middle = max(x0 + 40, x1 - 110) if x1 - x0 > 200 else (x0 + x1) / 2
        yield Ribbon(
            link=link, path=f"M{x0} {y0:g}C{middle:g} {y0:g} {middle:g} {y1:g} {x1} {y1:g}"
        )


def _offsets(
    links: dict[str, list[Link]], at: dict[str, Placed], other: Callable[[Link], str]
) -> dict[Link, float]:
    found = {}
    for members in links.values():
        ordered = sorted(members, key=lambda link: (at[other(link)].y, other(link)))
        for index, link in enumerate(ordered):
            found[link] = index * RIBBON + RIBBON / 2
    return found
