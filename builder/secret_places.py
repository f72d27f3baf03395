"""Where the values of credentials stand in the sources, so that people can take them out there."""

from collections.abc import Iterable, Iterator
from pathlib import Path as File

from builder import sources
from builder.core import yaml
from builder.core.manifests import Resource
from builder.core.pointer import get, pointer, tokens
from builder.core.secrets import Credential
from builder.core.secrets.model import Path
from builder.files import read_text, shown
from builder.workspace import Overlay


def places(
    overlay: Overlay, resource: Resource, credentials: Iterable[Credential]
) -> Iterator[tuple[str, str]]:
    """Yield file with line, and the place in the resource, of each value of its credentials.

    A placeholder is none.
    """
    for credential in credentials:
        for path in credential.given:
            yield _place(overlay, resource, path), pointer(path)


def _place(overlay: Overlay, resource: Resource, path: Path) -> str:
    for operation in reversed(resource.origin.patches):
        at = tokens(operation.path)
        if at == path[: len(at)]:
            return operation.place
    for kustomization in sources.tree(overlay.folder, overlay.root):
        for entry, place in kustomization.texts("resources"):
            file = kustomization.target(entry, place)
            found = _in_file(file, overlay.root, resource, path) if file.is_file() else ""
            if found:
                return found
    return resource.origin.source


def _in_file(file: File, root: File, resource: Resource, path: Path) -> str:
    text, source = read_text(file, root), shown(file, root)
    documents = yaml.load_all(text, source=source)
    starts = [document.line - 1 for document in documents]
    lines = text.splitlines()
    for document, start, end in zip(documents, starts, [*starts[1:], len(lines)], strict=True):
        body = document.value
        names = get(body, ("kind",)), get(body, ("metadata", "name"))
        if names == (resource.id.kind, resource.id.name) and get(body, path) is not None:
            own = [line for line in lines[start:end] if not line.startswith("---")]
            return yaml.lines("\n".join(own), source=source, offset=start).at(path)
    return ""
