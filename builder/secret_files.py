"""The files that `sealift secrets` writes: the patches, and what brings the Secrets."""

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from builder import sources
from builder.airgap_file import PATCHES as AIRGAP
from builder.airgap_file import Rewrite, entered, placeholder, present, removed
from builder.core import yaml
from builder.core.environment import Secrets
from builder.core.errors import ConfigurationError, ToolError
from builder.core.findings import Finding
from builder.core.secrets import WantedSecret, forms, patching, saying
from builder.core.secrets.forms import Encrypted
from builder.files import inside, read_bytes, shown
from builder.secrets import Conversion
from builder.sources import Kustomization
from builder.tools import kubeseal, sops
from builder.workspace import Overlay

EXTERNAL = "resources/secrets.yaml"
FOLDER = "resources/secrets"
_NAME = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?")
_HEADER = """\
# Written by `sealift secrets`: what makes the Secrets from a store. Reviewed and committed; patches
# of your own change it.
"""
_ENCRYPTED = """\
# Written by `sealift secrets`, encrypted by {program}. Written again when its keys or recipients
# change while its values stand in the sources; else it stays as it is.
"""
_NEEDED = {
    "external-secret": ("store", "name it: secrets: {..., store: {name: ...}}"),
    "sops": ("age", "name the recipients: secrets: {..., age: [age1...]}"),
    "sealed-secret": ("certificate", "name the file that `kubeseal --fetch-cert` writes"),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Encryption:
    """A Secret to encrypt into a file."""

    secret: WantedSecret
    path: Path


@dataclass(kw_only=True, slots=True)
class Files:
    """What there is to write, and who brings which Secret.

    ``by_hand`` are the Secrets that somebody creates in the cluster, ``kept`` the encrypted ones
    that stay as they are.
    """

    rewrites: list[Rewrite] = field(default_factory=list)
    encryptions: list[Encryption] = field(default_factory=list)
    kept: list[Path] = field(default_factory=list)
    by_hand: list[WantedSecret] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    @property
    def changed(self) -> bool:
        """Tell whether there is something to write."""
        return bool(self.encryptions) or any(one.changed for one in self.rewrites)


@contextmanager
def placeholders(overlay: Overlay) -> Iterator[None]:
    """Stand empty files in for those that are listed and gone: they are made anew."""
    kustomization = sources.read(overlay.folder, overlay.root)
    listed = [e for e in kustomization.fields.get("transformers") or [] if e == patching.FILE]
    with ExitStack() as stack:
        for entry in (*listed, *_listed(kustomization)):
            path = overlay.folder / entry
            if not path.exists():
                stack.enter_context(placeholder(path, header=patching.HEADER))
        yield


def _listed(kustomization: Kustomization) -> list[str]:
    """Return the resources of a kustomization that stand where we write them."""
    listed = kustomization.fields.get("resources") or []
    return [e for e in listed if e == EXTERNAL or str(e).startswith(f"{FOLDER}/")]


def plan(overlay: Overlay, conversion: Conversion, *, renew: bool = False) -> Files:
    """Return what there is to write; with ``renew`` Secrets are encrypted again where they can be.

    Encrypting gives other bytes each time: a Secret is encrypted when its keys or recipients have
    changed. Raises ConfigurationError.
    """
    settings = overlay.environment.secrets
    _check(settings, overlay)
    files = Files()
    external, encrypted = "", []
    if settings.form == "external-secret":
        external = _external(overlay, conversion.wanted)
    elif settings.form == "list":
        files.by_hand = list(conversion.wanted)
    else:
        encrypted = _encrypted(overlay, conversion.wanted, files, renew=renew)
    written = [
        _rewrite(overlay, overlay.secrets_file, conversion.text),
        _rewrite(overlay, overlay.folder / EXTERNAL, external),
    ]
    left = [path for path in overlay.secrets_resources[1:] if path not in encrypted]
    left = [path for path in left if _is_ours(overlay, path)]
    only = [path for path in left if _is_only_copy(overlay, path, conversion.wanted, files)]
    gone = [_rewrite(overlay, path, "") for path in left if path not in only]
    entries = [EXTERNAL] if external else []
    entries += [path.relative_to(overlay.folder.resolve()).as_posix() for path in encrypted]
    connected = _connect(overlay, entries, left, with_patches=bool(conversion.text))
    # A file goes after what names it.
    files.rewrites = sorted([*written, connected, *gone], key=lambda one: not one.after)
    return files


def _check(settings: Secrets, overlay: Overlay) -> None:
    key, hint = _NEEDED.get(settings.form, ("form", ""))
    if not getattr(settings, key):
        raise ConfigurationError(
            f"secrets.form is {settings.form}, which needs secrets.{key}",
            where=shown(overlay.folder / "environment.yaml", overlay.root),
            hint=hint,
        )


def _rewrite(overlay: Overlay, path: Path, text: str) -> Rewrite:
    return Rewrite(path=path, before=present(path, overlay, "secrets"), after=text)


def _is_ours(overlay: Overlay, path: Path) -> bool:
    return read_bytes(path, overlay.root).startswith(b"# Written by `sealift secrets`")


def _is_only_copy(
    overlay: Overlay, path: Path, secrets: Iterable[WantedSecret], files: Files
) -> bool:
    """Tell, and say, that what a file has encrypted stands nowhere else: then it is not removed."""
    there = _there(overlay, path)
    if there is None or any(there.holds(one) and one.complete for one in secrets):
        return False
    name = f"{there.namespace}/{there.name}"
    files.findings.append(saying.only_copy(name, shown(path, overlay.root)))
    return True


def _external(overlay: Overlay, secrets: Iterable[WantedSecret]) -> str:
    settings = overlay.environment.secrets
    assert settings.store is not None  # noqa: S101 - it was looked at before
    bodies = [forms.external(one, settings.store, settings, overlay.name) for one in secrets]
    return _HEADER + yaml.dump_all(bodies) if bodies else ""


def _encrypted(
    overlay: Overlay, secrets: list[WantedSecret], files: Files, *, renew: bool
) -> list[Path]:
    """Sort Secrets into those to encrypt, to keep and to create; return the files of the first.

    What is kept has a file as well.
    """
    recipients = _recipients(overlay)
    names = [secret.name for secret in secrets]
    paths = []
    for secret in secrets:
        name = secret.name if names.count(secret.name) == 1 else f"{secret.namespace}.{secret.name}"
        if not _NAME.fullmatch(name):  # it may be one that people wrote into a resource
            raise ConfigurationError(
                f"{secret.name!r} in {secret.namespace!r} is not the name of a Secret",
                hint="correct what refers to it in the custom resource",
            )
        path = (overlay.folder / FOLDER / f"{name}.yaml").resolve()
        there = _there(overlay, path)
        same = there is not None and there.holds(secret)
        current = same and there is not None and there.recipients == recipients
        if secret.complete and (renew or not current):
            files.encryptions.append(Encryption(secret=secret, path=path))
        elif same:
            files.kept.append(path)
            if not current and overlay.environment.secrets.form == "sops":
                files.findings.append(saying.other_recipients(secret, shown(path, overlay.root)))
        else:
            missing = [key for key in secret.keys if key not in secret.values]
            files.findings.append(saying.without_value(secret, missing))
            files.by_hand.append(secret)
            continue
        paths.append(path)
        files.findings += _undecrypted(overlay, secret, path)
    return paths


def _undecrypted(overlay: Overlay, secret: WantedSecret, path: Path) -> list[Finding]:
    engine = overlay.environment.sync.engine if overlay.environment.sync else None
    if overlay.environment.secrets.form != "sops" or engine == "flux":
        return []
    return [forms.not_decrypted(f"Secret/{secret}", shown(path, overlay.root), engine)]


def _recipients(overlay: Overlay) -> frozenset[str]:
    settings = overlay.environment.secrets
    if settings.form == "sops":
        return frozenset(settings.age)
    named_in = _named_in(overlay)
    data = read_bytes(_certificate(overlay), overlay.root, named_in=named_in)
    return frozenset({f"sha256:{hashlib.sha256(data).hexdigest()}"})


def _certificate(overlay: Overlay) -> Path:
    path = overlay.root / str(overlay.environment.secrets.certificate)
    return inside(path, overlay.root, named_in=_named_in(overlay))


def _named_in(overlay: Overlay) -> str:
    settings = shown(overlay.folder / "environment.yaml", overlay.root)
    return f"{settings} secrets.certificate"


def _there(overlay: Overlay, path: Path) -> Encrypted | None:
    text = present(path, overlay, "secrets")
    source = shown(path, overlay.root)
    return forms.encrypted(yaml.load(text, source=source), text) if text else None


def _connect(
    overlay: Overlay, entries: list[str], left: Iterable[Path], *, with_patches: bool
) -> Rewrite:
    """Return the overlay's kustomization with the files that there are, and without the others."""
    kustomization = sources.read(overlay.folder, overlay.root)
    text = kustomization.text
    if with_patches:
        text = entered(kustomization, text, "transformers", patching.FILE, AIRGAP)
    else:
        text = removed(kustomization, text, "transformers", patching.FILE)
    for entry in entries:
        text = entered(kustomization, text, "resources", entry)
    paths = [path.resolve() for path in left]
    for entry in _listed(kustomization):
        path = (overlay.folder / entry).resolve()
        if entry not in entries and (path in paths or not path.exists() or entry == EXTERNAL):
            text = removed(kustomization, text, "resources", entry)
    return Rewrite(path=kustomization.path, before=kustomization.text, after=text)


def write(overlay: Overlay, files: Files) -> None:
    """Encrypt what is to be encrypted, then write all; nothing when a program fails (ToolError)."""
    made = [
        Rewrite(path=one.path, before="", after=_cipher(overlay)(one.secret))
        for one in files.encryptions
    ]
    for one in (*made, *files.rewrites):
        one.write()


def _cipher(overlay: Overlay) -> Callable[[WantedSecret], str]:
    settings = overlay.environment.secrets

    def by_sops(secret: WantedSecret) -> str:
        text = sops.encrypt(yaml.dump(forms.plain(secret)), settings.age)
        return _checked("sops", text, secret)

    def by_kubeseal(secret: WantedSecret) -> str:
        text = kubeseal.seal(yaml.dump(forms.plain(secret)), _certificate(overlay))
        [digest] = _recipients(overlay)
        return _checked("kubeseal", text, secret, forms.mark(digest))

    return by_sops if settings.form == "sops" else by_kubeseal


def _checked(program: str, text: str, secret: WantedSecret, mark: str = "") -> str:
    """Return the file for what a program has encrypted; raise ToolError for anything else."""
    body = forms.cleaned(yaml.load(text, source=f"the output of {program}"))
    there = forms.encrypted(body, text)
    if there is None or not there.holds(secret) or not forms.is_concealed(body):
        raise ToolError(
            f"{program} gave something else than the encrypted Secret {secret}",
            hint=f"try another version of {program}",
        )
    return _ENCRYPTED.format(program=program) + mark + yaml.dump(body)
