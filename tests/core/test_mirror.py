from typing import Any

import pytest

from builder.core import mirror
from builder.core.environment import Mirror, Registry
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


PARENT = "r.parent.example/p"
LAYOUTS = ("strip-host", "full-path", "flat")


@pytest.mark.parametrize("parent", LAYOUTS)
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("image", ["quay.io/acme/web:1", "r.acme.example:5000/web:1", "redis:7"])
def test_a_name_in_another_mirror_is_mirrored_as_its_source(
    image: str, layout: Any, parent: Any
) -> None:
    source = parse(image)
    assert source is not None
    above = mirror.mirrored(source, Registry(prefix=PARENT, layout=parent))
    registry = Registry(
        prefix=INSIDE, layout=layout, mirrors=(Mirror(prefix=PARENT, layout=parent),)
    )
    assert above is not None
    kept = ("flat", "strip-host", "full-path")
    expected = mirror.mirrored(source, registry)
    if kept.index(parent) < kept.index(layout):  # too little of the name is left
        expected = None
    assert mirror.mirrored(above, registry) == expected


@pytest.mark.parametrize(
    ("mappings", "image", "expected"),
    [
        # of the parent: its place tells the source
        ({"quay.io/acme/web": "site"}, f"{PARENT}/site:1", f"{INSIDE}/quay.io/acme/web:1"),
        ({"quay.io/acme/web": "x.example/w"}, "x.example/w:1", f"{INSIDE}/quay.io/acme/web:1"),
        # what no layout has made has no other source
        ({}, "r.other.example/web:1", f"{INSIDE}/r.other.example/web:1"),
    ],
)
def test_mappings_of_another_mirror(mappings: dict[str, str], image: str, expected: str) -> None:
    above = Mirror(prefix=PARENT, mappings=mappings)
    assert mirrored(image, layout="full-path", mirrors=(above,)) == expected


def test_a_mapping_names_the_source_that_a_layout_has_dropped() -> None:
    above = Mirror(prefix=PARENT)
    registry = {"layout": "full-path", "mappings": {"quay.io/acme/web": "site"}}
    assert mirrored(f"{PARENT}/acme/web:1", mirrors=(above,), **registry) == f"{INSIDE}/site:1"


def test_what_was_put_into_a_mirror_by_hand_is_its_own_source() -> None:
    above = Mirror(prefix=PARENT, layout="full-path")
    assert mirrored(f"{PARENT}/tools/web:1", mirrors=(above,)) == f"{INSIDE}/p/tools/web:1"


def test_the_longest_prefix_of_other_mirrors_counts() -> None:
    above = (Mirror(prefix=PARENT), Mirror(prefix=f"{PARENT}/deep"))
    assert mirrored(f"{PARENT}/deep/web:1", mirrors=above) == f"{INSIDE}/web:1"


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
        (f"{PARENT}/acme/web", {"quay.io/acme/web": "3"}, f"{PARENT}/acme/web:3"),
    ],
)
def test_pins(image: str, pins: dict[str, str], expected: str) -> None:
    name = parse(image)
    assert name is not None
    registry = Registry(prefix=INSIDE, mirrors=(Mirror(prefix=PARENT),))
    assert str(mirror.pinned(name, environment(pins=pins, registry=registry))) == expected


def test_collisions() -> None:
    images = [parse(text) for text in ("quay.io/a/web:1", "ghcr.io/a/web:1", "ghcr.io/a/web:2")]
    known = [image for image in images if image]
    assert mirror.collisions(known, Registry(prefix=INSIDE)) == {
        f"{INSIDE}/a/web:1": ["ghcr.io/a/web:1", "quay.io/a/web:1"]
    }
    assert mirror.collisions(known, Registry(prefix=INSIDE, layout="full-path")) == {}


def test_one_image_from_here_and_from_another_mirror_does_not_collide() -> None:
    registry = Registry(prefix=INSIDE, layout="flat", mirrors=(Mirror(prefix=PARENT),))
    texts = ("quay.io/a/web:1", f"{PARENT}/a/web:1", f"{PARENT}/b/web:1")
    here, same, other = (image for image in map(parse, texts) if image)
    assert mirror.collisions([here, same], registry) == {}
    assert mirror.collisions([same, other], registry) == {f"{INSIDE}/web:1": [*texts[1:]]}


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
