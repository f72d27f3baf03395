"""The file that `sealift airgap` writes, and the kustomization that has to name it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from builder import sources
from builder.core import patch, yaml
from builder.core.changes import HEADER
from builder.core.errors import ConfigurationError, SealiftError
from builder.files import read_text, shown, write_text
from builder.workspace import Overlay

ENTRY = "patches/airgap.yaml"


@dataclass(frozen=True, kw_only=True, slots=True)
class Rewrite:
    """A file with its text before and after; the same text when there is nothing to do."""

    path: Path
    before: str
    after: str

    @property
    def changed(self) -> bool:
        """Tell whether there is something to write."""
        return self.before != self.after

    def write(self) -> None:
        """Write the file, when it changed."""
        if self.changed:
            write_text(self.path, self.after)


def present(overlay: Overlay) -> str:
    """Return the patch file's text, empty when there is none.

    Raises ConfigurationError for a file of people's own.
    """
    path = overlay.airgap_file
    text = read_text(path, overlay.root) if path.is_file() else ""
    if text and not text.startswith(HEADER.splitlines()[0][:30]):
        raise ConfigurationError(
            "was not written by sealift airgap",
            where=shown(path, overlay.root),
            hint="rename it, and list the new name in transformers: its patches will be kept. "
            "Delete it when nothing in it is yours",
        )
    return text


def broken(overlay: Overlay, text: str) -> SealiftError | None:
    """Return what keeps the patch file from being read: a conflict of a merge, for one."""
    try:
        patch.parse_transformers(text, source=shown(overlay.airgap_file, overlay.root))
    except SealiftError as error:
        return error
    return None


@contextmanager
def placeholder(overlay: Overlay, text: str) -> Iterator[None]:
    """Stand an empty file in for a patch file that is listed, and missing or broken."""
    path = overlay.airgap_file
    if text and not broken(overlay, text):
        yield
        return
    write_text(path, f"{HEADER}# Not written yet.\n")
    try:
        yield
    finally:
        if text:
            write_text(path, text)
        else:
            path.unlink()
            if not any(path.parent.iterdir()):
                path.parent.rmdir()


def connect(overlay: Overlay) -> Rewrite:
    """Return the overlay's kustomization with the patch file in it.

    Raises ConfigurationError when the file cannot be added without rewriting what people wrote.
    """
    kustomization = sources.read(overlay.folder, overlay.root)
    text, fields = kustomization.text, kustomization.fields
    if ENTRY in [entry for entry, _ in kustomization.texts("transformers")]:
        return Rewrite(path=kustomization.path, before=text, after=text)
    end = "" if text.endswith("\n") else "\n"
    after = f"{text}{end}transformers:\n  - {ENTRY}\n"
    if "transformers" in fields or _fields(after) != {**fields, "transformers": [ENTRY]}:
        raise ConfigurationError(
            f"transformers does not list {ENTRY}",
            where=kustomization.at("transformers"),
            hint=f"add it as the last entry: transformers: [..., {ENTRY}]",
        )
    return Rewrite(path=kustomization.path, before=text, after=after)


def _fields(text: str) -> object:
    try:
        return yaml.load(text, source="")
    except SealiftError:
        return None
