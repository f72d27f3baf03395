"""What ``sealift secrets`` prints: never the value of a credential."""

import shlex
from collections.abc import Iterator

from builder.airgap_file import Rewrite
from builder.core.findings import blocking
from builder.core.secrets import Credential, WantedSecret, forms
from builder.core.text import table
from builder.files import shown
from builder.report import terminal_width, text_diff
from builder.secret_files import Files
from builder.secret_places import places
from builder.secrets import Conversion
from builder.workspace import Overlay

_STATES = {
    "literal": "in the open",
    "kept": "by reference",
    "referenced": "by reference, of your own",
}
_CONVERTED = "by reference, and still in the sources"
_REPLACED = "by reference, and a placeholder in the sources"


def report(overlay: Overlay, conversion: Conversion, files: Files, *, written: bool) -> str:
    """Write which credentials refer to which Secret, who brings those, and what was written."""
    done = written or not files.changed
    blocks = [_credentials(conversion, done=done), *_secrets(overlay, conversion, files)]
    changes = _written if written else _to_write
    blocks.append(changes(overlay, conversion, files))
    if done:
        blocks.append("\n".join(_left(overlay, conversion)))
    return "\n\n".join(block for block in blocks if block)


def _credentials(conversion: Conversion, *, done: bool) -> str:
    rows = [
        (one.rule.name, str(one.resource), f"{one.namespace}/{one.secret}", _state(one, done=done))
        for one in conversion.credentials
    ]
    head = ("CREDENTIAL", "RESOURCE", "SECRET", "STATE")
    if rows:
        return table(head, rows, terminal_width())
    left = blocking(conversion.findings)
    return "no credential that can be converted" if left else "no credentials that a rule knows"


def _state(credential: Credential, *, done: bool) -> str:
    if credential.state != "literal" or not done:
        return _STATES[credential.state]
    return _CONVERTED if credential.given else _REPLACED


def _secrets(overlay: Overlay, conversion: Conversion, files: Files) -> Iterator[str]:
    """Yield who brings the Secrets into the cluster, each with what is to be done for it."""
    settings = overlay.environment.secrets
    if settings.form == "external-secret" and settings.store and conversion.wanted:
        rows = [
            (one.remote, one.property or "the whole", f"{secret}, {one.key}")
            for secret in conversion.wanted
            for one in forms.remotes(secret, settings, overlay.name)
        ]
        where = f"{settings.store.kind}/{settings.store.name}"
        head = ("KEY", "PROPERTY", "FOR")
        yield f"has to be in the store {where}:\n{table(head, rows, terminal_width())}"
    if files.by_hand:
        lines = [
            "to be created in the cluster before the bundle is merged; --from-file=KEY=FILE keeps "
            "values out of the shell's history:"
        ]
        lines += [f"  {_kubectl(secret)}" for secret in files.by_hand]
        yield "\n".join(lines)


def _kubectl(secret: WantedSecret) -> str:
    """Write the line that creates a Secret; who runs it puts the values in."""
    argv = ["kubectl", "create", "secret", "generic", secret.name, "--namespace", secret.namespace]
    argv += [f"--from-literal={key}=<{key}>" for key in secret.keys]
    return shlex.join(argv)


def _written(overlay: Overlay, conversion: Conversion, files: Files) -> str:
    lines = [
        f"written: {shown(one.path, overlay.root)}; the Secret {one.secret}, encrypted"
        for one in files.encryptions
    ]
    for one in files.rewrites:
        if one.changed:
            lines.append(
                f"{'written' if one.after else 'removed'}: {shown(one.path, overlay.root)}"
            )
    lines += [f"kept: {shown(path, overlay.root)}, encrypted before" for path in files.kept]
    patched = any(one.changed and one.path == overlay.secrets_file for one in files.rewrites)
    if patched and overlay.airgap_file.is_file():
        lines.append(f"next: `sealift airgap {overlay.name}`, whose patches rest on these")
    return "\n".join(lines) or _nothing(conversion, files)


def _nothing(conversion: Conversion, files: Files) -> str:
    left = blocking([*conversion.findings, *files.findings])
    return "nothing to write: what is left is told above" if left else "nothing to do"


def _to_write(overlay: Overlay, conversion: Conversion, files: Files) -> str:
    """Write what a run would change, as unified diffs: no value is in any of these files."""
    blocks = [
        f"to be written: {shown(one.path, overlay.root)}; the Secret {one.secret} "
        f"({', '.join(one.secret.keys)}), encrypted"
        for one in files.encryptions
    ]
    blocks += [_difference(overlay, one) for one in files.rewrites if one.changed]
    if blocks:
        blocks.append(f"run `sealift secrets {overlay.name} --write` to write this")
    return "\n".join(blocks) or _nothing(conversion, files)


def _difference(overlay: Overlay, one: Rewrite) -> str:
    """Write a file's difference; around it, people's own files may hold a value."""
    difference = text_diff(one.before, one.after, shown(one.path, overlay.root))
    if one.path == overlay.secrets_file or one.path in overlay.secrets_resources:
        return difference
    return "\n".join(line for line in difference.splitlines() if line[:1] != " ")


def _left(overlay: Overlay, conversion: Conversion) -> Iterator[str]:
    """Yield where values stand in the sources still, in files that are committed."""
    found = [
        (place, where)
        for key, resource in conversion.resources.items()
        for place, where in places(
            overlay, resource, [one for one in conversion.credentials if one.resource == key]
        )
    ]
    if found:
        yield (
            "still in the sources, and in the history of Git: take them out there, run this once "
            "more, and change each wherever it was used"
        )
        yield from (f"  {place} {where}" for place, where in sorted(found))
