"""The files that `sealift airgap` writes, and the kustomization that has to name them."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from builder import sources
from builder.core import patch, yaml
from builder.core.changes import HEADER
from builder.core.entries import with_entry, without_entry
from builder.core.errors import ConfigurationError, SealiftError
from builder.files import read_if_there, shown, write_text
from builder.sources import Kustomization
from builder.workspace import Overlay

PATCHES = "patches/airgap.yaml"
ADDED = "resources/airgap.yaml"


@dataclass(frozen=True, kw_only=True, slots=True)
class Rewrite:
    """A file with its text before and after; the same when there is nothing to do, none to go."""

    path: Path
    before: str
    after: str

    @property
    def changed(self) -> bool:
        """Tell whether there is something to write."""
        return self.before != self.after

    def write(self) -> None:
        """Write the file, or remove it, when it changed."""
        if self.changed and self.after:
            write_text(self.path, self.after)
        elif self.changed:
            _remove(self.path)


def _remove(path: Path) -> None:
    path.unlink()
    for folder in path.parents:  # up to the overlay, which has files of its own
        if any(folder.iterdir()):
            break
        folder.rmdir()


def present(path: Path, overlay: Overlay, command: str = "airgap") -> str:
    """Return a generated file's text, empty when there is none.

    Raises ConfigurationError for a file of people's own, that no ``command`` has written.
    """
    text = read_if_there(path, overlay.root)
    if text and not text.startswith(f"# Written by `sealift {command}`"):
        raise ConfigurationError(
            f"was not written by sealift {command}",
            where=shown(path, overlay.root),
            hint="rename it, and list the new name where this one is listed: it will be kept. "
            "Delete it when nothing in it is yours",
        )
    return text


def broken(overlay: Overlay) -> SealiftError | None:
    """Return what keeps a generated file from being read: a conflict of a merge, for one."""
    try:
        for path in (overlay.airgap_file, overlay.airgap_resources):
            text, source = present(path, overlay), shown(path, overlay.root)
            if path == overlay.airgap_file:
                patch.parse_transformers(text, source=source)
            else:
                yaml.load_ours(text, source=source)
    except SealiftError as error:
        return error
    return None


@contextmanager
def placeholders(overlay: Overlay, *, anew: bool) -> Iterator[None]:
    """Stand empty files in for generated ones that are missing; ``anew``: for all."""
    with ExitStack() as stack:
        for path in (overlay.airgap_file, overlay.airgap_resources):
            text = present(path, overlay)
            if anew or not text:
                stack.enter_context(placeholder(path, text))
        yield


@contextmanager
def placeholder(path: Path, text: str = "", header: str = HEADER) -> Iterator[None]:
    """Stand an empty file in for a generated one, whose ``text`` comes back at the end."""
    write_text(path, f"{header}# Not written yet.\n")
    try:
        yield
    finally:
        if text:
            write_text(path, text)
        else:
            _remove(path)


def rewrites(overlay: Overlay, patches: str, added: str) -> list[Rewrite]:
    """Return the files with what they are to hold: those that are named before what names them.

    ``added`` is empty where no resource comes in addition. Raises ConfigurationError.
    """
    files = [
        Rewrite(path=path, before=present(path, overlay), after=text)
        for path, text in ((overlay.airgap_file, patches), (overlay.airgap_resources, added))
    ]
    connected = _connect(overlay, with_added=bool(added))
    # A file goes after what names it.
    return sorted([*files, connected], key=lambda f: not f.after)


def _connect(overlay: Overlay, *, with_added: bool) -> Rewrite:
    """Return the overlay's kustomization with the generated files in it.

    Raises ConfigurationError when that cannot be done without rewriting what people wrote.
    """
    kustomization = sources.read(overlay.folder, overlay.root)
    text = entered(kustomization, kustomization.text, "transformers", PATCHES)
    if with_added:
        text = entered(kustomization, text, "resources", ADDED)
    else:
        text = removed(kustomization, text, "resources", ADDED)
    return Rewrite(path=kustomization.path, before=kustomization.text, after=text)


def removed(kustomization: Kustomization, text: str, field: str, entry: str) -> str:
    """Return the kustomization's ``text`` without an entry in a list. Raises as below."""
    shorter = without_entry(text, field, entry)
    if shorter is None:
        raise ConfigurationError(
            f"{field} lists {entry}, which is no longer needed",
            where=kustomization.where(field),
            hint="take it out",
        )
    return shorter


def entered(kustomization: Kustomization, text: str, field: str, entry: str, *before: str) -> str:
    """Return the kustomization's ``text`` with an entry in a list, ahead of those ``before``.

    Raises ConfigurationError when that cannot be done without rewriting what people wrote.
    """
    longer = with_entry(text, field, entry, before)
    if longer is None:
        place = "the last entry" if not before else f"an entry before {before[0]}"
        raise ConfigurationError(
            f"{field} does not list {entry}",
            where=kustomization.where(field),
            hint=f"add it as {place}: {field}: [..., {entry}]",
        )
    return longer
