"""The patches that Sealift itself writes, made anew for another version of a chart."""

from dataclasses import dataclass, field

from builder import airgap_file, secret_files, sources
from builder.airgap import airgap
from builder.core.findings import Finding
from builder.core.secrets import patching
from builder.files import read_text
from builder.secrets import convert
from builder.upgrade import places
from builder.workspace import Overlay


@dataclass(kw_only=True, slots=True)
class Generated:
    """What was made anew. Not ``complete``: the chart cannot be examined, and nothing is.

    ``patched`` tells that the environment has airgap patches, and so got new ones.
    """

    complete: bool = True
    patched: bool = False
    findings: list[Finding] = field(default_factory=list)


def renew(overlay: Overlay) -> Generated:
    """Write the files of `sealift secrets` and of `sealift airgap`, each where there is one.

    Raises ConfigurationError and ToolError.
    """
    result = Generated()
    listed = _listed(overlay)
    if patching.FILE in listed and _is_generated(overlay):
        _secrets(overlay, result)
    if result.complete and (overlay.airgap_file.is_file() or airgap_file.PATCHES in listed):
        result.patched = True
        _airgap(overlay, result)
    return result


def _listed(overlay: Overlay) -> list[str]:
    kustomization = sources.read(overlay.folder, overlay.root)
    return [entry for entry, _ in kustomization.texts("transformers")]


def _is_generated(overlay: Overlay) -> bool:
    """Tell whether the file of references is not people's own, which stays as it is."""
    path = overlay.secrets_file
    return not path.is_file() or patching.is_ours(read_text(path, overlay.root))


def _secrets(overlay: Overlay, result: Generated) -> None:
    with places.present(overlay):
        conversion = convert(overlay)
    result.findings += conversion.findings
    result.complete = conversion.examined
    if conversion.examined:
        files = secret_files.plan(overlay, conversion)
        result.findings += files.findings
        secret_files.write(overlay, files)


def _airgap(overlay: Overlay, result: Generated) -> None:
    with places.present(overlay):
        found = airgap(overlay)
    result.findings += [f for f in found.findings if f not in result.findings]
    result.complete = bool(found.text)
    if found.text:
        for file in airgap_file.rewrites(overlay, found.text, found.added):
            file.write()
