"""The registries that images are pulled from, in the cluster."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from builder import pins
from builder.build import Build
from builder.content import UNKNOWN, Content, read
from builder.core import image as names
from builder.core.checks import Check, State, failed, skipped
from builder.core.errors import SealiftError, ToolError
from builder.core.hosts import is_inside
from builder.core.images_lock import FILE, ImagesLock, SourcedImage
from builder.core.text import count
from builder.registries import Registries
from builder.tools.registry import RegistryError


def check(built: Build, registries: Registries, platforms: Sequence[str], jobs: int) -> list[Check]:
    """Look whether every image is there, by the lock's digest, for the platforms.

    Without ``platforms``, for those that the lock was made for. Of an image all manifests are read:
    an index whose manifests are missing is of no use.
    """
    lock = pins.load(built.overlay)
    wanted, found = _wanted(built, lock)
    contents, failures = read(wanted, registries, jobs)
    lost = {failure.subject: failure.error for failure in failures}
    found += _hosts(wanted, contents, lost, registries)
    if lock is None:
        name = built.overlay.name
        why = f"there is no {FILE}: whether they are the right ones is not known"
        found.append(skipped("registry", "digests", why, f"run `sealift lock {name}`"))
    for name in wanted:
        entry = lock.find(name) if lock else None
        if name in contents and entry and entry.digest != contents[name].root.digest:
            found.append(_moved(built, lock, entry, contents[name], registries))
        elif name in contents:
            asked = platforms or (lock.platforms if lock else ())
            found.append(_of_platforms(name, contents[name], asked, locked=entry is not None))
        elif not _host(lost[name]):
            hint = "bring it there with `sealift mirror copy`"
            missing = failed("registry", name, lost[name])
            found.append(replace(missing, hint=hint if entry else missing.hint))
    return found


def _wanted(built: Build, lock: ImagesLock | None) -> tuple[list[str], list[Check]]:
    """Return the names to ask for, as the lock has them; what lies outside is not asked for."""
    environment = built.overlay.environment
    inside, outside = set(), []
    for image in built.lock.images:
        entry = lock.find(image.image) if lock else None
        name = names.parse(image.image)
        if name is None or not is_inside(name.registry, environment.hosts):
            outside.append(image.image)
        else:
            inside.add(entry.image if entry else image.image)
    if not outside:
        return sorted(inside), []
    why = f"outside the network, as {outside[0]}: the build says whether that is allowed"
    return sorted(inside), [skipped("registry", count(len(outside), "other image"), why)]


def _hosts(
    wanted: Sequence[str],
    contents: Mapping[str, Content],
    lost: Mapping[str, ToolError],
    registries: Registries,
) -> Iterable[Check]:
    """Say of each registry whether it answers and lets us in; if not, what could not be seen."""
    refused: dict[str, list[ToolError]] = {}
    for error in lost.values():
        if host := _host(error):
            refused.setdefault(host, []).append(error)
    for host, errors in sorted(refused.items()):
        yield failed("registry", host, errors[0])
        yield skipped("registry", count(len(errors), "image"), f"{host} cannot be asked")
    answered = [name for name in wanted if name in contents or not _host(lost[name])]
    hosts = {parsed.registry for name in answered if (parsed := names.parse(name))}
    if not wanted:
        yield _asked(registries)
    for host in sorted(hosts):
        detail = "answers, and lets us read"
        yield Check(group="registry", subject=host, state="ok", detail=detail)


def _asked(registries: Registries) -> Check:
    """Ask the environment's registry, where no image has done so."""
    host = registries.own
    try:
        registries.at(host).request("GET", "/v2/", "sealift")
    except SealiftError as error:
        return failed("registry", host, error)
    return Check(group="registry", subject=host, state="ok", detail="answers, and lets us in")


def _host(error: ToolError) -> str:
    return error.host if isinstance(error, RegistryError) else ""


def _moved(
    built: Build,
    lock: ImagesLock | None,
    entry: SourcedImage,
    content: Content,
    registries: Registries,
) -> Check:
    """Say that a tag means something else; that is no failure where nothing is pulled by it."""
    detail = f"its tag means {content.root.digest} there, and {entry.digest} in the lock"
    state: State = "failure"
    if lock and _pinned(built, lock, entry, registries):
        detail += "; the bundle pulls it by digest, which is there"
        state = "warning"
    hint = "find out who moved it, then run `sealift mirror copy --replace`"
    return Check(group="registry", subject=entry.image, state=state, detail=detail, hint=hint)


def _of_platforms(name: str, content: Content, platforms: Sequence[str], *, locked: bool) -> Check:
    known = {part.platform for part in content.parts} - {UNKNOWN}
    missing = [p for p in platforms if not any(_serves(k, p) for k in known)]
    if missing and known:
        return Check(
            group="registry",
            subject=name,
            state="failure",
            detail=f"it is not for {', '.join(missing)}, only for {', '.join(sorted(known))}",
            hint="lock and copy it whole, or take an image that is for it",
        )
    detail = "as locked" if locked else "there"
    detail += f", for {', '.join(sorted(known))}" if known else ""
    return Check(group="registry", subject=name, state="ok", detail=detail)


def _serves(known: str, wanted: str) -> bool:
    """Tell whether a platform is the wanted one; a node does not name its variant."""
    return known == wanted or known.startswith(f"{wanted}/")


def _pinned(built: Build, lock: ImagesLock, entry: SourcedImage, registries: Registries) -> bool:
    """Tell whether all that pull an image do so by a digest, and that is there."""
    pulled = [names.parse(one.image) for one in built.lock.images if lock.find(one.image) is entry]
    places = [(registries.of(image), image.digest) for image in pulled if image]
    return all(
        digest and place.registry.resolve(place.repository, digest) for place, digest in places
    )
