"""``images.lock.yaml``: round trip, look-up, what is refused, what moved."""

import msgspec
import pytest

from builder.core import images_lock
from builder.core.errors import ConfigurationError
from builder.core.images_lock import ImagesLock, Platform, SourcedImage

A, B, C, D = (f"sha256:{c * 64}" for c in "abcd")
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


def test_a_media_type_that_no_header_can_hold_is_refused() -> None:
    text = images_lock.dump(LOCK).replace(IMAGE.media_type, '"a/b\\r\\nX: y"')
    with pytest.raises(ConfigurationError, match=r"images.0.mediaType"):
        images_lock.load(text)


def _with(digest: str) -> ImagesLock:
    changed = msgspec.structs.replace(IMAGE, digest=digest)
    return msgspec.structs.replace(LOCK, images=(changed,))


def test_a_moved_tag_is_a_finding() -> None:
    (finding,) = images_lock.moved(LOCK, _with(C), place="images.lock.yaml")
    assert (finding.code, finding.subject) == ("moved-tag", IMAGE.source)
    assert list(images_lock.moved(LOCK, LOCK, place="")) == []


WHOLE = SourcedImage(
    image=IMAGE.image,
    source=IMAGE.source,
    digest=C,
    media_type=IMAGE.media_type,
    size=2000,
    platforms=(
        Platform(platform="linux/amd64", digest=A, size=1000),
        Platform(platform="linux/arm64", digest=B, size=1000),
    ),
)


def _alone(platform: str, digest: str) -> ImagesLock:
    parts = (Platform(platform=platform, digest=digest, size=1000),)
    image = msgspec.structs.replace(WHOLE, digest=digest, platforms=parts)
    return ImagesLock(lock_version=1, images=(image,), platforms=(platform,))


@pytest.mark.parametrize("turned", [False, True])
def test_a_lock_of_one_platform_is_held_against_that_platform_of_a_whole_one(turned: bool) -> None:
    whole = ImagesLock(lock_version=1, images=(WHOLE,))
    for digest, codes in ((A, []), (D, ["moved-tag"])):
        locks = (_alone("linux/amd64", digest), whole)
        before, after = locks if turned else locks[::-1]
        assert [f.code for f in images_lock.moved(before, after, place="")] == codes


def test_whole_images_are_compared_whatever_platforms_they_must_have() -> None:
    whole = ImagesLock(lock_version=1, images=(WHOLE,))
    changed = msgspec.structs.replace(WHOLE, digest=D)  # an attestation, say: no platform moved
    after = ImagesLock(lock_version=1, images=(changed,), platforms=("linux/amd64", "linux/arm64"))
    assert [f.code for f in images_lock.moved(whole, after, place="")] == ["moved-tag"]


def test_what_cannot_be_compared_is_a_warning() -> None:
    before, after = _alone("linux/amd64", A), _alone("linux/arm64", B)
    (finding,) = images_lock.moved(before, after, place="")
    assert (finding.code, finding.severity) == ("moved-unknown", "warning")
    assert "linux/amd64" in finding.cause


def test_a_moved_tag_is_found_under_another_mirrored_name() -> None:
    image = msgspec.structs.replace(IMAGE, image="registry.example.com/other/app:1.0", digest=C)
    after = msgspec.structs.replace(LOCK, images=(image,))
    assert [f.code for f in images_lock.moved(LOCK, after, place="")] == ["moved-tag"]


@pytest.mark.parametrize(
    ("version", "says"), [("99", "written by a newer Sealift"), ("0", "none that Sealift ever")]
)
def test_a_lock_of_another_version_is_refused(version: str, says: str) -> None:
    text = images_lock.dump(LOCK).replace("lockVersion: 1", f"lockVersion: {version}\nnews: 1")
    with pytest.raises(ConfigurationError, match=says) as caught:
        images_lock.load(text, source="x/images.lock.yaml")
    assert caught.value.where == "x/images.lock.yaml"


def test_a_lock_version_that_is_no_number_is_told_with_its_line() -> None:
    text = images_lock.dump(LOCK).replace("lockVersion: 1", "lockVersion: a")
    with pytest.raises(ConfigurationError, match=r":2: lockVersion"):
        images_lock.load(text)
