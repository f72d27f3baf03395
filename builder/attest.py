"""The statement of a build, its signature; and a bundle held against both, without the sources."""

import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from builder import __version__
from builder.build import Build, build
from builder.core import bundle_check, provenance
from builder.core.errors import ConfigurationError
from builder.core.findings import Finding, ordered
from builder.core.git_tree import tree_id
from builder.target import METADATA
from builder.tools import helm, kustomize, signing
from builder.tools.git import source_commit
from builder.workspace import find_overlay

MAX_FILE = 100 * 1024 * 1024
SUFFIX = ".intoto.json"
# At the root of a branch, beside the bundle: Git's own, and what `sealift publish --mode hydrator`
# leaves for Argo CD's promoter.
_ASIDE = (".git", METADATA)


@dataclass(frozen=True, kw_only=True, slots=True)
class Verified:
    """What a bundle was held against, and what is wrong with it.

    ``signed_by`` is the key whose signature is right; ``statement`` and ``rebuilt`` tell whether
    that was looked at.
    """

    tree: str
    files: tuple[str, ...]
    findings: tuple[Finding, ...]
    statement: bool
    signed_by: str = ""
    rebuilt: bool = False


def attest(result: Build, *, builder: str = provenance.BUILDER) -> str:
    """Write the statement of a build that ships."""
    source, parameters, versions = parts(result)
    return provenance.statement(
        result.files,
        result.lock,
        source=source,
        parameters=parameters,
        versions=versions,
        builder=builder,
    )


def parts(result: Build) -> tuple[str, dict[str, str], dict[str, str]]:
    """Return what a build rests on: the source's commit, what was asked for, tools by version."""
    overlay = result.overlay
    parameters = {
        "environment": overlay.name,
        "base": overlay.base.name,
        "kubernetes": overlay.environment.kubernetes,
    }
    versions = {
        "sealift": __version__,
        "helm": helm.find()[1],
        "kustomize": kustomize.find()[1],
    }
    return source_commit(overlay.root), parameters, versions


def read(folder: Path) -> dict[str, bytes]:
    """Read a bundle's folder; what stands beside a bundle at the root of a branch is left out.

    Raises ConfigurationError for one that is not there, and for what is no plain file in it: a link
    could lead anywhere, and a program is another thing to Git.
    """
    if not folder.is_dir():
        raise ConfigurationError("is not the folder of a bundle", where=str(folder))
    files = {}
    for parent, folders, names in os.walk(folder, onerror=_raise):
        below = Path(parent)
        if below == folder:
            folders[:] = [name for name in folders if name not in _ASIDE]
            names = [name for name in names if name not in _ASIDE]
        for name in (*folders, *names):
            path = below / name
            _check_name(path)
            if path.is_symlink() or (name in names and not path.is_file()):
                raise ConfigurationError(
                    "is not a plain file: a bundle has nothing else", where=str(path)
                )
        for name in names:
            path = below / name
            state = path.stat()
            if state.st_mode & stat.S_IXUSR:
                raise ConfigurationError(
                    "is marked as a program: a bundle has none, and Git would give another tree",
                    where=str(path),
                    hint="chmod -x; on a file system without modes, verify a copy elsewhere",
                )
            if state.st_size > MAX_FILE:
                raise ConfigurationError("is larger than a bundle's files are", where=str(path))
            files[path.relative_to(folder).as_posix()] = path.read_bytes()
    return files


def _raise(error: OSError) -> None:
    """Raise what walking through folders would pass over."""
    raise error


def _check_name(path: Path) -> None:
    """Raise ConfigurationError for a name that no text can hold, as Git's trees of bundles do."""
    try:
        path.name.encode()
    except UnicodeEncodeError as error:
        raise ConfigurationError("has a name that is not UTF-8", where=repr(path.name)) from error


def verify(
    files: Mapping[str, bytes],
    *,
    statement: Path | None = None,
    signature: Path | None = None,
    key: str | None = None,
    rebuild: str | None = None,
    root: Path = Path(),
) -> Verified:
    """Hold a bundle against itself, and against what else is given.

    ``statement`` is the file that :func:`attest` wrote, ``key`` the public key of who signed it,
    ``signature`` where that signature is, beside the statement when left out; ``rebuild`` an
    environment to build again. Raises ConfigurationError and ToolError.
    """
    found = bundle_check.check(files)
    signed_by = ""
    if signature is not None and key is None:
        raise ConfigurationError(
            "--signature alone proves nothing", hint="name the public key of who signed by --key"
        )
    if key is not None and statement is None:
        raise ConfigurationError(
            "--key is for the signature of a statement", hint="name that by --statement"
        )
    if statement is not None:
        stated = _read(statement)  # once: what was signed is what is compared
        if key is not None:
            wrong = _signature(stated, statement, signature, key)
            found += wrong
            signed_by = "" if wrong else key
        text = stated.decode("utf-8", "replace")
        found += provenance.compare(text, files, place=str(statement))
    if rebuild is not None:
        found += _rebuilt(files, rebuild, root)
    return Verified(
        tree=tree_id(files),
        files=tuple(sorted(files)),
        findings=tuple(ordered(found)),
        statement=statement is not None,
        signed_by=signed_by,
        rebuilt=rebuild is not None,
    )


def signature_path(statement: Path, key: str) -> Path:
    """Return where the signature of a statement stands by default: beside it."""
    return statement.with_name(statement.name + signing.SUFFIX[signing.scheme(key)])


def _signature(stated: bytes, statement: Path, signature: Path | None, key: str) -> list[Finding]:
    path = signature or signature_path(statement, key)
    if not path.is_file():
        cause, hint = "there is no signature", "sign it with `sealift attest --key`"
    else:
        cause = signing.verify(stated, _read(path), key)
        hint = "is it the right key? If it is, trust neither the statement nor the bundle"
    if not cause:
        return []
    return [
        Finding(
            code="wrong-signature", subject=str(statement), place=str(path), cause=cause, hint=hint
        )
    ]


def _rebuilt(files: Mapping[str, bytes], name: str, root: Path) -> list[Finding]:
    """Build the environment, and say of each file that is another there."""
    fresh = build(find_overlay(root, name)).files
    found = []
    for path in sorted(files.keys() | fresh.keys()):
        if files.get(path) != fresh.get(path):
            cause = "a fresh build has another content for it"
            if path not in fresh:
                cause = "a fresh build does not have it"
            elif path not in files:
                cause = "a fresh build has it, and the bundle does not"
            hint = "is it the source that the bundle was built from, with the same charts?"
            found.append(
                Finding(
                    code="not-rebuilt",
                    subject=path,
                    place=f"environment {name}",
                    cause=cause,
                    hint=hint,
                )
            )
    return found


def _read(path: Path) -> bytes:
    try:
        if path.stat().st_size > MAX_FILE:
            raise ConfigurationError("is larger than any statement is", where=str(path))
        return path.read_bytes()
    except OSError as error:
        raise ConfigurationError(f"cannot be read: {error.strerror}", where=str(path)) from error
