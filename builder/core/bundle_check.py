"""A bundle held against itself: its files against their list, its images against its lock.

For the side that has no sources. A bundle is a function of its resources and its lock
(:mod:`builder.core.bundle`), so what that function gives has to be what stands there.
"""

from collections import Counter
from collections.abc import Iterator, Mapping

from builder.core import bundle as bundles
from builder.core import lock as locks
from builder.core import references, yaml
from builder.core.bundle import KUSTOMIZATION
from builder.core.errors import ConfigurationError
from builder.core.findings import Finding, ordered
from builder.core.image import parse
from builder.core.lock import Lock, LockedImage
from builder.core.manifests import Manifests

_CHANGED = "bring the bundle again, or find out who changed it"


def check(files: Mapping[str, bytes]) -> list[Finding]:
    """Return what is wrong with a bundle, path to bytes; nothing when all of it holds together."""
    found = list(_listed(files))
    lock, manifests = _lock(files, found), _manifests(files, found)
    if lock is not None and manifests is not None:
        known = {finding.subject for finding in found}
        found += [one for one in _written(files, manifests, lock) if one.subject not in known]
        found += _images(manifests, lock)
    return ordered(found)


def _lock(files: Mapping[str, bytes], found: list[Finding]) -> Lock | None:
    if locks.FILE not in files:
        found.append(_finding("missing-file", locks.FILE, "a bundle has its lock in it"))
        return None
    try:
        return locks.load(files[locks.FILE].decode("utf-8", "replace"))
    except ConfigurationError as error:
        found.append(_finding("unreadable", locks.FILE, str(error)))
        return None


def _manifests(files: Mapping[str, bytes], found: list[Finding]) -> Manifests | None:
    try:
        return bundles.manifests(files, source="")
    except ConfigurationError as error:
        found.append(_finding("unreadable", "the resources", str(error)))
        return None


def _listed(files: Mapping[str, bytes]) -> Iterator[Finding]:
    """Hold the files against the kustomization: what it does not name is not applied."""
    try:
        value = yaml.load(files[KUSTOMIZATION].decode("utf-8", "replace"), source=KUSTOMIZATION)
        named = [str(entry) for entry in value["resources"]]
    except KeyError:
        yield _finding("missing-file", KUSTOMIZATION, "it is not there, or lists no resources")
        return
    except (ConfigurationError, TypeError) as error:
        yield _finding("unreadable", KUSTOMIZATION, str(error))
        return
    for path, times in Counter(named).items():
        if times > 1:
            yield _finding("named-twice", path, f"{KUSTOMIZATION} names it {times} times")
        if path not in files:
            yield _finding("missing-file", path, f"{KUSTOMIZATION} names it, and it is not there")
    for path in files.keys() - {KUSTOMIZATION, locks.FILE, *named}:
        yield _finding("extra-file", path, f"{KUSTOMIZATION} does not name it")


def _written(files: Mapping[str, bytes], manifests: Manifests, lock: Lock) -> Iterator[Finding]:
    """Hold the files against what Sealift writes for these resources and this lock."""
    fresh = bundles.tree(manifests, lock)
    for path in sorted(files.keys() & fresh.keys()):
        if files[path] == fresh[path]:
            continue
        cause = "it is not written as Sealift writes it"
        if path == KUSTOMIZATION:
            cause = "its resources, or their order, are not those that Sealift writes"
        yield _finding("changed-file", path, cause)
    for path in fresh.keys() - files.keys() - {KUSTOMIZATION}:
        yield _finding("missing-file", path, "no file has the name that its resource gives it")
    for path in files.keys() - fresh.keys():
        yield _finding("extra-file", path, "no resource gives a file this name")


def _images(manifests: Manifests, lock: Lock) -> Iterator[Finding]:
    """Hold the images of resources against the lock, both ways.

    What controllers make is not here to be looked at: of that, the lock has to say from where.
    """
    carriers = {entry.resource for entry in lock.nested}
    made = {name for entry in lock.nested for name in entry.resources}
    known = {image.image: image for image in lock.images}
    used: set[tuple[str, str]] = set()
    looked_at = [r for r in manifests if str(r.id) not in carriers]
    for image in locks.images(references.collect(Manifests(looked_at))):
        used |= {(image.image, place) for place in image.used_by}
        yield from _pulled(image, known.get(image.image))
    for image in lock.images:
        for place in image.used_by:
            resource = place.partition(" ")[0]
            if (image.image, place) not in used and resource not in made | carriers:
                cause = f"the lock says that {place} uses it, which is not so"
                yield _finding("wrong-lock", image.image, cause)
    for entry in lock.nested:
        if entry.resource not in made | {str(resource.id) for resource in manifests}:
            cause = f"the lock says that it installs {entry.chart}, and it is not in the bundle"
            yield _finding("wrong-lock", entry.resource, cause)


def _pulled(image: LockedImage, locked: LockedImage | None) -> Iterator[Finding]:
    if locked is None:
        cause = f"{image.used_by[0]} uses it, and the lock does not have it"
        yield _finding("not-locked", image.image, cause)
        return
    name = parse(image.image)
    if name is not None and name.digest and name.digest != locked.digest:
        cause = f"it is pulled as {name.digest}, and the lock has {locked.digest or 'no digest'}"
        yield _finding("wrong-lock", image.image, cause)
    if missing := set(image.used_by) - set(locked.used_by):
        cause = f"{min(missing)} uses it, and the lock does not say so"
        yield _finding("wrong-lock", image.image, cause)


def _finding(code: str, subject: str, cause: str) -> Finding:
    return Finding(code=code, subject=subject, place="the bundle", cause=cause, hint=_CHANGED)
