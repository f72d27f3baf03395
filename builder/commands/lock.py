"""``sealift lock``: what the images of an environment are, by digest."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from builder.commands.options import EnvironmentArgument, RootOption
from builder.commands.registry_options import (
    CaFileOption,
    JobsOption,
    PlainHttpOption,
    PlatformOption,
    ViaOption,
)


class From(StrEnum):
    """Whose names are resolved."""

    source = "source"
    mirror = "mirror"


def lock(
    env: EnvironmentArgument,
    root: RootOption = Path(),
    side: Annotated[
        From, typer.Option("--from", help="Ask the registries outside, or the mirror inside.")
    ] = From.source,
    platform: PlatformOption = None,
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit 1 when the lock is not so.")
    ] = False,
    accept_moved: Annotated[
        bool, typer.Option("--accept-moved", help="Lock tags anew that mean something else now.")
    ] = False,
    jobs: JobsOption = 32,
    plain_http: PlainHttpOption = None,
    ca_file: CaFileOption = None,
    via: ViaOption = None,
) -> int:
    """Lock what every image of the closure is, by digest.

    Writes overlays/ENV/images.lock.yaml; nothing when an image cannot be resolved, or a tag has
    moved since it was locked.
    Logins: SEALIFT_REGISTRY_USERNAME and _PASSWORD, for the mirror; those of docker and podman.

    Example: sealift lock example --platform linux/amd64
    """
    from builder import lock as locking
    from builder import report, report_mirror
    from builder.build import build
    from builder.core import images_lock
    from builder.core.findings import blocking
    from builder.files import shown, write_text
    from builder.registries import Registries, parse_via
    from builder.workspace import find_overlay

    overlay = find_overlay(root, env)
    path = overlay.folder / images_lock.FILE
    place = shown(path, overlay.root)
    built = build(overlay)
    with Registries(
        overlay.environment.registry.host,
        ca_file=ca_file,
        plain_http=plain_http or (),
        via=parse_via(via or ()),
    ) as registries:
        renewal = locking.renew(
            built,
            registries,
            side=side.value,
            platforms=platform or (),
            jobs=jobs,
            accept_moved=accept_moved,
        )
    before, after, said = renewal.before, renewal.after, list(renewal.findings)
    report.tell(said)
    if blocking(said):
        return 1
    text = images_lock.dump(after)
    known = images_lock.dump(before) if before else ""
    if check:
        if text != known:
            print(report_mirror.text_diff(known, text, place))
        else:
            print(f"{place}: up to date, {report_mirror.images_size(after)}")
        return int(text != known)
    write_text(path, text)
    state = "unchanged" if text == known else "written"
    print(f"{state}: {place}; {report_mirror.images_size(after)}")
    return 0
