"""The images of a lock for other tools: their files read as their documentation says."""

import tomllib
from typing import Any

import pytest
import yaml

from builder.core.environment import Registry
from builder.core.errors import ConfigurationError
from builder.core.images_lock import ImagesLock, SourcedImage
from builder.core.lock import LockedChart
from builder.core.mirror_formats import FORMATS, write

A, B = f"sha256:{'a' * 64}", f"sha256:{'b' * 64}"
INSIDE = "registry.example.com/m"
CHART = LockedChart(
    name="app", version="1.0.0", sha256=A, repository="https://charts.example.com", used_by=()
)


def image(source: str, target: str, digest: str = A) -> SourcedImage:
    return SourcedImage(
        image=target, source=source, digest=digest, media_type="application/x", size=1
    )


def lock(layout: str = "strip-host", platforms: tuple[str, ...] = ()) -> ImagesLock:
    hosts = {"full-path": ("docker.io/", "quay.io/")}.get(layout, ("", ""))
    names = ("busybox", "app") if layout == "flat" else ("library/busybox", "acme/app")
    images = (
        image("docker.io/library/busybox:1.36", f"{INSIDE}/{hosts[0]}{names[0]}:1.36"),
        image("quay.io/acme/app:2.0", f"{INSIDE}/{hosts[1]}{names[1]}:2.0", B),
        image("", f"{INSIDE}/unknown:1"),
        image("other.example.com/stays:1", "other.example.com/stays:1"),
    )
    return ImagesLock(lock_version=1, images=images, platforms=platforms)


def written(form: str, layout: Any = "strip-host", platforms: tuple[str, ...] = ()) -> str:
    registry = Registry(prefix=INSIDE, layout=layout)
    return write(form, "prod", lock(layout, platforms), [CHART], registry)


def test_a_list_has_source_and_target() -> None:
    assert written("list").splitlines() == [
        f"docker.io/library/busybox:1.36@{A} {INSIDE}/library/busybox:1.36",
        f"quay.io/acme/app:2.0@{B} {INSIDE}/acme/app:2.0",
    ]


def test_skopeo_copies_by_digest_with_all_platforms() -> None:
    assert written("skopeo-copy").splitlines()[1] == (
        "skopeo copy --preserve-digests --retry-times=3 --all "
        f"docker://quay.io/acme/app@{B} docker://{INSIDE}/acme/app:2.0"
    )
    assert "--all" not in written("skopeo-copy", platforms=("linux/amd64",))


@pytest.mark.parametrize(("layout", "scoped"), [("full-path", True), ("flat", False)])
def test_skopeo_sync_places_images_by_the_last_part_or_scoped(layout: str, scoped: bool) -> None:
    text = written("skopeo", layout)
    assert ("--scoped" in text) == scoped
    assert yaml.safe_load(text) == {
        "docker.io": {"images": {"library/busybox": ["1.36"]}},
        "quay.io": {"images": {"acme/app": ["2.0"]}},
    }


def test_skopeo_sync_cannot_strip_hosts() -> None:
    with pytest.raises(ConfigurationError) as caught:
        written("skopeo")
    assert f"{INSIDE}/busybox where the environment has {INSIDE}/library/busybox" in str(
        caught.value
    )
    assert "-o skopeo-copy" in (caught.value.hint or "")


def test_regsync() -> None:
    assert yaml.safe_load(written("regsync")) == {
        "version": 1,
        "sync": [
            {
                "source": f"docker.io/library/busybox@{A}",
                "target": f"{INSIDE}/library/busybox:1.36",
                "type": "image",
            },
            {
                "source": f"quay.io/acme/app@{B}",
                "target": f"{INSIDE}/acme/app:2.0",
                "type": "image",
            },
        ],
    }


def test_hauler_rewrites_names_below_the_prefix() -> None:
    images, charts = yaml.safe_load_all(written("hauler", platforms=("linux/arm64",)))
    assert (images["apiVersion"], images["kind"]) == ("content.hauler.cattle.io/v1", "Images")
    assert images["spec"]["images"][1] == {
        "name": "quay.io/acme/app:2.0",
        "platform": "linux/arm64",
        "rewrite": "acme/app:2.0",
    }
    assert charts["spec"]["charts"] == [
        {"name": "app", "repoURL": "https://charts.example.com", "version": "1.0.0"}
    ]


def test_zarf_and_oc_mirror_pin_digests() -> None:
    zarf, oc = yaml.safe_load(written("zarf")), yaml.safe_load(written("oc-mirror"))
    assert zarf["kind"] == "ZarfPackageConfig"
    assert zarf["components"][0]["images"][1] == f"quay.io/acme/app:2.0@{B}"
    assert oc["kind"] == "ImageSetConfiguration"
    assert oc["mirror"]["additionalImages"][1] == {"name": f"quay.io/acme/app@{B}"}


@pytest.mark.parametrize("form", ["zarf", "oc-mirror"])
@pytest.mark.parametrize("layout", ["full-path", "flat"])
def test_zarf_and_oc_mirror_strip_hosts_only(form: str, layout: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        written(form, layout)
    assert f"{form} would have {INSIDE}/library/busybox where" in caught.value.what
    assert "-o skopeo-copy" in (caught.value.hint or "")


@pytest.mark.parametrize(
    ("form", "kind", "key"),
    [
        ("idms", "ImageDigestMirrorSet", "imageDigestMirrors"),
        ("itms", "ImageTagMirrorSet", "imageTagMirrors"),
    ],
)
def test_openshift_mirror_sets(form: str, kind: str, key: str) -> None:
    found = yaml.safe_load(written(form))
    assert (found["apiVersion"], found["kind"]) == ("config.openshift.io/v1", kind)
    assert found["spec"][key][1] == {
        "source": "quay.io/acme/app",
        "mirrors": [f"{INSIDE}/acme/app"],
        "mirrorSourcePolicy": "NeverContactSource",
    }


@pytest.mark.parametrize(("layout", "path"), [("strip-host", ""), ("full-path", "/quay.io")])
def test_containerd_never_asks_the_source(layout: str, path: str) -> None:
    _, quay = written("hosts.toml", layout).split("\n# ")
    assert quay.startswith("/etc/containerd/certs.d/quay.io/hosts.toml\n")
    url = f"https://registry.example.com/v2/m{path}"
    assert tomllib.loads(f"# {quay}") == {
        "server": url,
        "override_path": True,
        "host": {url: {"capabilities": ["pull", "resolve"], "override_path": True}},
    }


def test_containerd_cannot_flatten() -> None:
    with pytest.raises(ConfigurationError, match="containerd would have"):
        written("hosts.toml", "flat")


@pytest.mark.parametrize("form", sorted(FORMATS))
def test_no_format_names_what_is_not_mirrored(form: str) -> None:
    text = written(form, "strip-host" if form in ("zarf", "oc-mirror") else "full-path")
    assert "unknown" not in text
    assert "stays" not in text
