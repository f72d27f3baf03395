"""What a bill of materials lists: locks that are right, and those that somebody else wrote."""

import json

import pytest

from builder.core.errors import ConfigurationError
from builder.core.lock import Lock, LockedChart, LockedImage
from builder.sbom import cyclonedx, spdx

TREE = "1" * 40


def lock(charts: tuple[LockedChart, ...] = (), images: tuple[LockedImage, ...] = ()) -> Lock:
    return Lock(
        lock_version=1,
        environment="env",
        kubernetes="1.30",
        charts=charts,
        images=images,
        nested=(),
    )


def chart(name: str = "app", repository: str = "", sha256: str = "a" * 64) -> LockedChart:
    return LockedChart(
        name=name, version="1.0.0", sha256=f"sha256:{sha256}", repository=repository, used_by=()
    )


def image(name: str) -> LockedImage:
    return LockedImage(image=name, digest="", used_by=())


def test_a_chart_from_two_places_is_listed_twice() -> None:
    """kustomize inflates it, and a controller fetches it."""
    pytest.importorskip("cyclonedx")
    pytest.importorskip("spdx_tools")
    twins = lock((chart(), chart(repository="https://charts.example.com", sha256="b" * 64)))
    hashes = [part["hashes"] for part in json.loads(cyclonedx.write(twins, TREE))["components"]]
    assert sorted(found["content"] for (found,) in hashes) == ["a" * 64, "b" * 64]
    ids = [package["SPDXID"] for package in json.loads(spdx.write(twins, TREE))["packages"]]
    assert len(ids) == len(set(ids)) == 3


@pytest.mark.parametrize(
    ("odd", "said"),
    [
        (lock((chart(""),)), "has no name"),
        (lock(images=(image(""),)), "has no name"),
        (lock(images=(image("a.b/c:1"), image("a.b/c:1"))), "names image:a.b/c:1 twice"),
    ],
    ids=["chart", "image", "twice"],
)
def test_a_lock_that_cannot_be_listed_is_refused(odd: Lock, said: str) -> None:
    pytest.importorskip("cyclonedx")
    with pytest.raises(ConfigurationError, match=said) as raised:
        cyclonedx.write(odd, TREE)
    assert raised.value.where == "bundle.lock.yaml"
