from typing import Any

import pytest

from builder.core import mirror
from builder.core.environment import Registry
from builder.core.image import parse
from tests.core.samples import INSIDE, environment

DIGEST = f"sha256:{'d' * 64}"


def mirrored(image: str, **registry: Any) -> str:
    name = parse(image)
    assert name is not None
    return str(mirror.mirrored(name, Registry(**{"prefix": INSIDE, **registry})))


@pytest.mark.parametrize(
    ("image", "strip", "full", "flat"),
    [
        ("quay.io/acme/web:1", "acme/web:1", "quay.io/acme/web:1", "web:1"),
        ("redis:7", "library/redis:7", "docker.io/library/redis:7", "redis:7"),
        ("acme/web", "acme/web", "docker.io/acme/web", "web"),
        ("r.acme.example:5000/web:1", "web:1", "r.acme.example_5000/web:1", "web:1"),
        (f"a/b@{DIGEST}", f"a/b@{DIGEST}", f"docker.io/a/b@{DIGEST}", f"b@{DIGEST}"),
        (f"a/b:1@{DIGEST}", f"a/b:1@{DIGEST}", f"docker.io/a/b:1@{DIGEST}", f"b:1@{DIGEST}"),
    ],
)
def test_layouts(image: str, strip: str, full: str, flat: str) -> None:
    assert mirrored(image) == f"{INSIDE}/{strip}"
    assert mirrored(image, layout="full-path") == f"{INSIDE}/{full}"
    assert mirrored(image, layout="flat") == f"{INSIDE}/{flat}"


@pytest.mark.parametrize("prefix", ["r.corp.example", "r.corp.example:5000", "localhost:5000"])
def test_a_prefix_without_a_path(prefix: str) -> None:
    assert mirrored("quay.io/acme/web:1", prefix=prefix) == f"{prefix}/acme/web:1"


@pytest.mark.parametrize(
    ("mapping", "expected"),
    [
        ({"quay.io/acme/web": "site/web"}, f"{INSIDE}/site/web:1"),
        ({"quay.io/acme/web": "other.corp.example/web"}, "other.corp.example/web:1"),
        ({"quay.io/acme/other": "site/web"}, f"{INSIDE}/acme/web:1"),
        ({"acme/web": "site/web"}, f"{INSIDE}/acme/web:1"),
    ],
)
def test_mappings_of_single_images(mapping: dict[str, str], expected: str) -> None:
    assert mirrored("quay.io/acme/web:1", mappings=mapping) == expected


def test_a_short_name_in_a_mapping_means_docker_hub() -> None:
    assert mirrored("docker.io/library/redis:7", mappings={"redis": "x"}) == f"{INSIDE}/x:7"


@pytest.mark.parametrize(
    ("image", "pins", "expected"),
    [
        ("web:latest", {"web": "1.2.3"}, "docker.io/library/web:1.2.3"),
        ("web", {"docker.io/library/web": "1.2.3"}, "docker.io/library/web:1.2.3"),
        ("web:latest", {"web": DIGEST}, f"docker.io/library/web:latest@{DIGEST}"),
        ("web:latest", {"web": f"1@{DIGEST}"}, f"docker.io/library/web:1@{DIGEST}"),
        ("web:latest", {"job": "1.2.3"}, "docker.io/library/web:latest"),
        ("web:1", {"web": "1.2.3"}, "docker.io/library/web:1"),
        (f"web@{DIGEST}", {"web": "1.2.3"}, f"docker.io/library/web@{DIGEST}"),
        ("web:latest", {"web": "1", "web:latest": "2"}, "docker.io/library/web:2"),
        ("web:latest", {"web:latest": "2", "web": "1"}, "docker.io/library/web:2"),
        ("web", {"web:latest": "2"}, "docker.io/library/web"),
        (f"{INSIDE}/acme/web", {"quay.io/acme/web": "3"}, f"{INSIDE}/acme/web:3"),
    ],
)
def test_pins(image: str, pins: dict[str, str], expected: str) -> None:
    name = parse(image)
    assert name is not None
    assert str(mirror.pinned(name, environment(pins=pins))) == expected


def test_collisions() -> None:
    images = [parse(text) for text in ("quay.io/a/web:1", "ghcr.io/a/web:1", "ghcr.io/a/web:2")]
    known = [image for image in images if image]
    assert mirror.collisions(known, Registry(prefix=INSIDE)) == {
        f"{INSIDE}/a/web:1": ["ghcr.io/a/web:1", "quay.io/a/web:1"]
    }
    assert mirror.collisions(known, Registry(prefix=INSIDE, layout="full-path")) == {}


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("https://a.example/*", "https://a.example/x/y", True),
        ("https://a.example/*", "https://b.example/", False),
        ("a.example", "axexample", False),
        ("*", "", True),
    ],
)
def test_patterns(pattern: str, text: str, expected: bool) -> None:
    assert mirror.matches(pattern, text) == expected
