"""``images.lock.yaml``: round trip, look-up, what is refused, what moved."""

import pytest

from builder.core import images_lock
from builder.core.errors import ConfigurationError
from builder.core.images_lock import ImagesLock, Platform, SourcedImage

A, B, C = (f"sha256:{c * 64}" for c in "abc")
IMAGE = SourcedImage(
    image="registry.example.com/acme/app:1.0",
    source="docker.io/acme/app:1.0",
    digest=A,
    media_type="application/vnd.oci.image.index.v1+json",
    size=1234,
    platforms=(Platform(platform="linux/amd64", digest=B, size=1000),),
)
LOCK = ImagesLock(lock_version=1, images=(IMAGE,), platforms=("linux/amd64",))


def test_what_is_written_is_read_again() -> None:
    assert images_lock.load(images_lock.dump(LOCK)) == LOCK


@pytest.mark.parametrize("suffix", ["", f"@{A}"])
def test_an_image_is_found_with_its_digest_or_without(suffix: str) -> None:
    assert LOCK.find(IMAGE.image + suffix) == IMAGE


@pytest.mark.parametrize("name", ["registry.example.com/acme/app", f"{IMAGE.image}@{B}"])
def test_another_name_is_not_found(name: str) -> None:
    assert LOCK.find(name) is None


def test_errors_have_path_and_line() -> None:
    text = images_lock.dump(LOCK).replace(A, "sha256:short")
    with pytest.raises(ConfigurationError, match=r"images.lock.yaml:\d+: images.0.digest"):
        images_lock.load(text)


def _with(digest: str) -> ImagesLock:
    import msgspec

    changed = msgspec.structs.replace(IMAGE, digest=digest)
    return msgspec.structs.replace(LOCK, images=(changed,))


def test_a_moved_tag_is_a_finding() -> None:
    (finding,) = images_lock.moved(LOCK, _with(C), place="images.lock.yaml")
    assert (finding.code, finding.subject) == ("moved-tag", IMAGE.source)
    assert list(images_lock.moved(LOCK, LOCK, place="")) == []


def test_locks_of_other_platforms_are_not_compared() -> None:
    other = ImagesLock(lock_version=1, images=_with(C).images)
    assert list(images_lock.moved(LOCK, other, place="")) == []
