"""Pages of fleets that nobody has to build: outcomes as builds would give them."""

import dataclasses
import json

from builder.core import lock as locks
from builder.core.findings import Finding
from builder.core.lock import Lock, LockedChart, LockedImage
from builder.fleet.outcome import Outcome
from builder.page.drift import Drift
from builder.page.fleet import fleet_contents
from builder.page.html import page

OUTSIDE = Finding(
    code="outside-reference", subject="docker.io/nicolaka/netshoot:v0.13",
    place="Deployment/debug container tools", cause="docker.io is outside", hint="mirror it",
)  # fmt: skip
TESTS = Finding(
    code="test-hook-reference", severity="warning", subject="python:3.10", place="Pod/test",
    cause="only `helm test` would run it", hint="do not run it",
)  # fmt: skip


def outcome(number: int) -> Outcome:
    """What came of one of many environments: every seventh does not ship, some lag behind."""
    version = ("0.28.1", "0.28.0", "0.27.3")[number % 20 // 9]
    findings = [OUTSIDE, TESTS] if number % 7 == 3 else [TESTS] if number % 2 else []
    record = {
        "environment": f"site-{number:03}", "ships": number % 7 != 3, "folder": None,
        "kubernetes": "1.29" if number % 11 == 5 or number == 3 else "1.30",
        "findings": [dataclasses.asdict(finding) for finding in findings],
        "charts": [{"name": "operator", "version": "1.3.3"},
                   {"name": "operator-wandb", "version": version}],
        "images": [f"registry.example.com/wandb/local:0.{59 - number % 3}.2",
                   *(f"registry.example.com/stand-in/part-{n}:1.{n}" for n in range(10))],
        "files": [],
    }  # fmt: skip
    ships = bool(record["ships"])
    return Outcome(
        name=f"site-{number:03}", code=0 if ships else 1, record=json.dumps(record),
        why="" if ships else "1 error: outside-reference",
    )  # fmt: skip


def drift(number: int) -> Drift:
    """What is published of it."""
    if number % 7 == 3:
        return Drift(state="unknown", said="does not ship")
    if number % 31 == 8:
        return Drift(state="absent")
    if number % 9 == 2:
        return Drift(state="differs", files=3, lock=_lock(number))
    return Drift(state="same")


def _lock(number: int) -> Lock:
    """The published lock of an environment that lags behind: an older chart, an older image."""
    record = json.loads(outcome(number).record)
    versions = {"operator": "1.3.3", "operator-wandb": "0.26.0"}
    charts = tuple(
        LockedChart(name=name, version=version, sha256="", repository="", used_by=())
        for name, version in versions.items()
    )
    names = ["registry.example.com/wandb/local:0.56.0", *record["images"][1:]]
    images = tuple(LockedImage(image=name, digest="", used_by=()) for name in names)
    return Lock(
        lock_version=locks.VERSION, environment="site", kubernetes=record["kubernetes"],
        charts=charts, images=images, nested=(),
    )  # fmt: skip


def fleet_page(size: int) -> str:
    """The page of so many environments."""
    outcomes = [outcome(number) for number in range(size)]
    drifts = {one.name: drift(number) for number, one in enumerate(outcomes)}
    return page("fleet.html", page=fleet_contents(outcomes, drifts, "4a5b" * 10))
