from typing import Any

import pytest

from builder.core.overrides import Path
from builder.core.solve import Goal, Solution, solve
from builder.core.trace import Traced
from tests.core.samples import INSIDE, traced

R, N = ("image", "registry"), ("image", "repository")
G = ("global", "registry")


def goal(target: str, made: Traced) -> Goal:
    return Goal(traced=made, target=target)


def solved(
    *goals: Goal, values: dict[str, Any] | None = None, frozen: tuple[Path, ...] = ()
) -> dict[str, str]:
    solution = solve(list(goals), values or VALUES, frozen)
    assert solution.unreached == []
    return shown(solution)


def shown(solution: Solution) -> dict[str, str]:
    return {"/".join(path): value for path, value in solution.assignments.items()}


VALUES = {
    "image": {"registry": "quay.io", "repository": "acme/web"},
    "other": {"repository": "acme/job"},
    "inside": {"repository": f"{INSIDE}/in"},
    "global": {"registry": "quay.io", "empty": ""},
    "whole": "quay.io/acme/web:1",
    "hub": "quay.io/acme/",
}
WEB = f"{INSIDE}/acme/web:1"


def test_nothing_to_do() -> None:
    assert solved(goal("web:1", traced("web:1", "web:1"))) == {}


def test_the_whole_reference() -> None:
    made = traced("quay.io/acme/web:1", ("whole",))
    assert solved(goal(WEB, made)) == {"whole": WEB}


def test_a_registry_stays_one_and_the_repository_takes_the_rest() -> None:
    made = traced("quay.io/acme/web:1", R, "/", N, ":1")
    assert solved(goal(WEB, made)) == {
        "image/registry": "r.corp.example",
        "image/repository": "m/acme/web",
    }


def test_a_registry_takes_the_whole_prefix_where_the_repository_is_fixed() -> None:
    made = traced("quay.io/acme/web:1", R, "/acme/web:1")
    assert solved(goal(WEB, made)) == {"image/registry": INSIDE}


def test_a_prefix_with_its_slash() -> None:
    made = traced("quay.io/acme/web:1", ("hub",), "web:1")
    assert solved(goal(WEB, made)) == {"hub": f"{INSIDE}/acme/"}


def test_a_charts_own_value_before_a_global_one() -> None:
    made = traced("quay.io/acme/web:1", G, "/", N, ":1")
    other = traced("quay.io/acme/job:1", G, "/", ("other", "repository"), ":1", at="1")
    stays = traced("quay.io/x:1", G, "/x:1", at="2")
    found = solve(
        [goal(WEB, made), goal("quay.io/acme/job:1", other), goal("quay.io/x:1", stays)], VALUES
    )
    assert found.assignments == {}
    assert [g.target for g in found.unreached] == [WEB]


def test_one_global_value_for_all_that_have_no_other() -> None:
    web = traced("quay.io/acme/web:1", G, "/acme/web:1")
    job = traced("quay.io/acme/job:1", G, "/acme/job:1", at="1")
    assert solved(goal(WEB, web), goal(f"{INSIDE}/acme/job:1", job)) == {"global/registry": INSIDE}


def test_what_a_shared_value_disturbs_is_put_right_by_its_own() -> None:
    """The double prefix: a reference inside would become registry/registry/name."""
    web = traced("acme/web:1", ("global", "empty"), "/acme/web:1")
    inside = traced(
        f"{INSIDE}/in:1", ("global", "empty"), "/", ("inside", "repository"), ":1", at="1"
    )
    assert solved(goal(WEB, web), goal(f"{INSIDE}/in:1", inside)) == {
        "global/empty": INSIDE,
        "inside/repository": "in",
    }


def test_a_shared_value_is_left_alone_where_it_would_disturb() -> None:
    web = traced("acme/web:1", ("global", "empty"), "/acme/web:1")
    inside = traced(f"{INSIDE}/in:1", ("global", "empty"), f"/{INSIDE}/in:1", at="1")
    found = solve([goal(WEB, web), goal(f"{INSIDE}/in:1", inside)], VALUES)
    assert found.assignments == {}
    assert len(found.unreached) == 1


def test_frozen_values_are_worked_around() -> None:
    made = traced("quay.io/acme/web:1", R, "/", N, ":1")
    values = {"image": {"registry": "r.corp.example", "repository": "acme/web"}}
    assert solved(goal(WEB, made), values=values, frozen=(R,)) == {"image/repository": "m/acme/web"}


def test_frozen_values_that_hold_it_back() -> None:
    made = traced("quay.io/acme/web:1", R, "/", N, ":1")
    found = solve([goal(WEB, made)], VALUES, [R])
    assert (found.assignments, len(found.unreached)) == ({}, 1)


def test_values_that_are_assigned_already_count() -> None:
    made = traced("quay.io/acme/web:1", R, "/", N, ":1")
    found = solve([goal(WEB, made)], VALUES, (), {R: INSIDE})
    assert found.assignments == {R: INSIDE}
    assert found.unreached == []


def test_a_reference_that_a_template_takes_apart_is_guessed() -> None:
    made = traced("quay.io/acme/web:1")
    made = Traced(key=made.key, reference=made.reference, pieces=(), paths=(("whole",),))
    assert solved(goal(WEB, made)) == {"whole": WEB}


def test_a_literal_reference_is_not_reached() -> None:
    literal = traced("quay.io/acme/web:1", "quay.io/acme/web:1")
    assert len(solve([goal(WEB, literal)], VALUES).unreached) == 1


def test_a_number_is_a_text_in_a_reference() -> None:
    made = traced("web:7", "web:", ("tag",))
    assert solved(goal("web:8", made), values={"tag": 7}) == {"tag": "8"}


@pytest.mark.parametrize("count", [3, 12])
def test_many_references_of_one_value(count: int) -> None:
    """What one value cannot make of all, it makes of none; the search ends."""
    goals = [
        goal(f"{INSIDE}/{n}/x:{n}", traced(f"quay.io/x:{n}", G, f"/x:{n}", at=str(n)))
        for n in range(count)
    ]
    assert len(solve(goals, VALUES).unreached) >= count - 1
