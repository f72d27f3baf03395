"""Manifests and indexes, read off their bytes."""

import json

import pytest

from builder.core import oci_layout
from builder.core.errors import ConfigurationError
from builder.core.oci_layout import Root

ONE, TWO = ("sha256:" + digit * 64 for digit in "12")


def test_an_index_refers_to_manifests() -> None:
    entry = {"digest": ONE, "mediaType": oci_layout.MANIFEST, "size": 5}
    for media_type in oci_layout.INDEXES:
        found = oci_layout.below(
            json.dumps({"manifests": [entry]}).encode(), media_type, source="x"
        )
        assert (found.manifests, found.blobs) == ({ONE: oci_layout.MANIFEST}, {})


def test_layers_that_stand_elsewhere_are_not_counted() -> None:
    layers = [{"digest": TWO, "size": 7}, {"digest": TWO[:-1] + "3", "size": 9, "urls": ["x"]}]
    body = json.dumps({"config": {"digest": ONE, "size": 5}, "layers": layers}).encode()
    found = oci_layout.below(body, oci_layout.MANIFEST, source="x")
    assert (found.manifests, found.blobs) == ({}, {ONE: 5, TWO: 7})


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff",
        b"[]",
        b"{}",
        b"3",
        b'{"config": 3}',
        b'{"config": {"digest": "../x", "size": 1}}',
        b'{"config": {"digest": "' + ONE.encode() + b'", "size": "x"}}',
        b'{"config": {"digest": "' + ONE.encode() + b'", "size": 1e400}}',
        b'{"manifests": [{"digest": "' + ONE.encode() + b'", "mediaType": "a\\r\\nX: y"}]}',
        b"[" * 100_000,
    ],
)
@pytest.mark.parametrize("media_type", [oci_layout.MANIFEST, oci_layout.INDEX])
def test_what_is_no_manifest(body: bytes, media_type: str) -> None:
    with pytest.raises(ConfigurationError, match="is not a manifest"):
        oci_layout.below(body, media_type, source="x")


def test_an_index_is_the_same_in_every_order() -> None:
    roots = [
        Root(name=f"r.example.com/{name}:1", digest=ONE, media_type=oci_layout.MANIFEST, size=5)
        for name in "ab"
    ]
    text = oci_layout.index(roots)
    assert text == oci_layout.index(reversed(roots))
    first = json.loads(text)["manifests"][0]
    assert first["annotations"]["org.opencontainers.image.ref.name"] == "r.example.com/a:1"
