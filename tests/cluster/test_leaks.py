"""The vendor's guide as it stands: what `build` says would leave is what leaves, when forced.

The bundle of a build that fails is not published; plain kustomize makes one all the same. The chart
repository outside is one of ours under its name, so that the platform gets installed.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cluster.chain import Chain, operated
from tests.cluster.conftest import engine_in_cluster
from tests.cluster.desk import open_desk
from tests.cluster.patience import eventually
from tests.cluster.recorder import Recorder
from tests.cluster.site import NAMES, Site
from tests.cluster.witness import containers, workloads
from tests.servers.chart_repository import chart_repository
from tests.servers.place import Place
from tests.servers.tls import CA
from tests.source import plain_kustomize

_OUTSIDE = Place("charts.wandb.ai", "127.0.2.1", 443)
_IMAGE = re.compile(r"(?:--[\w-]+=)?(?P<image>[\w.-]+(?:/[\w.-]+)+:[\w.-]+)")
_URL = re.compile(r"https?://[^\s\"]+")


@pytest.fixture(scope="module")
def leaking(
    vendored: Path,
    inside_site: Site,
    ca: CA,
    engine_name: str,
    recorder: Recorder,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Chain]:
    """A cluster, and an environment that is the guide's; nothing is published."""
    folder = tmp_path_factory.mktemp(f"leaks-{engine_name}-")
    desk = open_desk(folder, vendored, inside_site, ca, "leaking", "guide")
    desk.configure(f"sync: {{engine: {engine_name}, interval: 10s}}\n")
    recorder.names[_OUTSIDE.name] = _OUTSIDE.address
    with (
        chart_repository(inside_site.shelf, tls=ca, place=_OUTSIDE),
        engine_in_cluster(engine_name, folder / "cluster", ca) as (server, engine),
        operated(desk, server, engine, recorder, folder / "operator") as chain,
    ):
        recorder.forget()
        yield chain
    del recorder.names[_OUTSIDE.name]
    recorder.outside.clear()


@pytest.mark.leaks
def test_the_build_names_what_the_cluster_then_does(leaking: Chain) -> None:
    chain, desk = leaking, leaking.desk
    head = desk.head
    named = findings(chain)
    assert all(named.values()), named
    assert desk.sealift("publish", desk.environment).code == 1
    assert desk.head == head
    assert chain.recorder.reached <= set(NAMES)

    text = plain_kustomize(desk.source.path(f"overlays/{desk.environment}"))
    chain.connect()
    chain.settle(desk.commit(f"{desk.environment}/all.yaml", text))
    chain.settle(desk.commit(f"{desk.environment}/all.yaml", upgraded(text)))
    eventually(
        lambda: any("k8s" in image for image in chain.witness.passed),
        "the hooks of an upgrade were seen",
        state=lambda: chain.witness.passed,
    )

    outside = {image for image in chain.witness.seen() if not inside(image)}
    assert outside == named["images"]
    assert {value for value in variables(chain) if not inside(value)} == named["values"]
    assert urls(chain) == named["urls"]
    assert chain.recorder.reached - set(NAMES) == named["hosts"]


def findings(chain: Chain) -> dict[str, set[str]]:
    """What the build says would leave: images, images in variables and arguments, URLs, hosts."""
    result = chain.desk.sealift("build", chain.desk.environment, "--check", "--json")
    assert result.code == 1, result
    found: dict[str, set[str]] = {"images": set(), "values": set(), "urls": set(), "hosts": set()}
    for finding in json.loads(result.out)["findings"]:
        if finding["severity"] == "error":
            _sort(finding, found)
    return found


def _sort(finding: dict[str, Any], found: dict[str, set[str]]) -> None:
    subject, place = finding["subject"], finding["place"]
    if finding["code"] == "outbound-switch":
        found["hosts"] |= set(re.findall(r"[\w-]+(?:\.[\w-]+)+", finding["cause"]))
    elif finding["code"] != "outside-reference":
        return
    elif subject.startswith("https://") and " chart " in place:
        found["hosts"].add(subject.removeprefix("https://"))
    elif subject.startswith("https://"):
        found["urls"].add(subject)
    elif ", env " in place or ", args " in place:
        found["values"].add(subject)
    else:
        found["images"].add(subject)


def inside(image: str) -> bool:
    return image.startswith("registry.yourdomain.com/")


def upgraded(text: str) -> str:
    """The bundle with a value more, so that the operator upgrades the platform and hooks run."""
    bodies = list(yaml.safe_load_all(text))
    (resource,) = (body for body in bodies if body["kind"] == "WeightsAndBiases")
    resource["spec"]["values"]["global"]["extraEnv"] = {"LEVEL": "debug"}
    return yaml.safe_dump_all(bodies)


def variables(chain: Chain) -> set[str]:
    """What looks like an image in variables and arguments of containers."""
    return {
        match["image"] for text in _texts(chain) if (match := _IMAGE.fullmatch(text)) is not None
    }


def urls(chain: Chain) -> set[str]:
    """URLs in variables and arguments of containers whose host is not the environment's."""
    found = {url for text in _texts(chain) for url in _URL.findall(text)}
    return {url for url in found if ".yourdomain.com" not in url}


def _texts(chain: Chain) -> Iterator[str]:
    for body in workloads(chain.api):
        for container in containers(body):
            yield from (str(entry.get("value", "")) for entry in container.get("env") or ())
            yield from map(str, container.get("args") or ())
