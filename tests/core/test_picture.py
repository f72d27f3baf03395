"""The geometry of pictures: nothing stands on anything else, and every ribbon ends at its nodes."""

import re
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from builder.core.picture import BAR, RIBBON, Link, Node, Picture, draw

TITLES = ("Sources", "In Git", "Charts", "Fetched")
WIDTHS = (100, 200, 200, 400)


def node(column: int, number: int) -> Node:
    group = f"group {number // 7}" if column == 3 else ""
    return Node(key=f"{column}-{number}", column=column, title=f"node {number}", group=group)


@st.composite
def flows(draw_: st.DrawFn) -> tuple[list[Node], list[Link]]:
    sizes = [draw_(st.integers(1, most)) for most in (3, 8, 8, 90)]
    nodes = [node(column, number) for column, size in enumerate(sizes) for number in range(size)]
    pairs = st.tuples(st.sampled_from(nodes), st.sampled_from(nodes))
    chosen = draw_(st.lists(pairs, max_size=120, unique=True))
    links = [Link(source=a.key, target=b.key) for a, b in chosen if a.column < b.column]
    return nodes, links


def drawn(nodes: list[Node], links: list[Link]) -> Picture:
    return draw(nodes, links, TITLES, WIDTHS)


@given(flows())
def test_nothing_overlaps_and_all_is_inside(flow: tuple[list[Node], list[Link]]) -> None:
    picture = drawn(*flow)
    assert {one.node.key for one in picture.nodes} == {one.key for one in flow[0]}
    for column in range(4):
        bars = sorted((p.y, p.y + p.height) for p in picture.nodes if p.node.column == column)
        room = 20 if column < 3 else 0  # above a bar stands its name
        assert all(high + room <= low for (_, high), (low, _) in pairwise(bars))
        assert all(0 < low < high < picture.height for low, high in bars)
    lines = sorted([*(g.y for g in picture.groups), *(p.y for p in picture.nodes
                                                      if p.node.column == 3)])  # fmt: skip
    assert all(other - one >= 8 for one, other in pairwise(lines))


@given(flows())
def test_ribbons_end_at_their_nodes(flow: tuple[list[Node], list[Link]]) -> None:
    picture = drawn(*flow)
    at = {one.node.key: one for one in picture.nodes}
    ends = set()
    for ribbon in picture.ribbons:
        numbers = [float(n) for n in re.findall(r"[\d.]+", ribbon.path)]
        start, end = at[ribbon.link.source], at[ribbon.link.target]
        assert (numbers[0], numbers[-2]) == (start.x + BAR, end.x)
        assert start.y < numbers[1] < start.y + start.height
        assert end.y < numbers[-1] < end.y + end.height
        ends |= {(ribbon.link.source, numbers[1]), (numbers[-1], ribbon.link.target)}
    assert len(ends) == 2 * len(picture.ribbons)  # side by side, not one on another


@given(flows())
def test_the_same_is_drawn_again(flow: tuple[list[Node], list[Link]]) -> None:
    assert drawn(*flow) == drawn(*flow)


def test_a_node_stands_in_the_middle_of_what_it_leads_to() -> None:
    nodes = [node(2, 0), *(node(3, number) for number in range(5))]
    links = [Link(source="2-0", target=f"3-{number}") for number in range(5)]
    at = {one.node.key: one for one in drawn(nodes, links).nodes}
    assert at["2-0"].height == 5 * RIBBON
    assert abs(at["2-0"].y + at["2-0"].height / 2 - at["3-2"].y - RIBBON / 2) <= 1
