"""From what a bundle was made: an in-toto statement with SLSA provenance.

https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md and
https://slsa.dev/spec/v1.0/provenance: subjects are the tree and each of its files, resolved
dependencies the source, the charts and the images. No clock: the same inputs give the same bytes.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

from builder.core.errors import ConfigurationError
from builder.core.findings import Finding
from builder.core.git_tree import tree_id
from builder.core.lock import Lock

TYPE = "https://in-toto.io/Statement/v1"
PREDICATE = "https://slsa.dev/provenance/v1"
BUILD_TYPE = "urn:x-sealift:build:v1"
BUILDER = "urn:x-sealift:builder"
_DIRTY = "-dirty"


def statement(
    files: Mapping[str, bytes],
    lock: Lock,
    *,
    source: str,
    parameters: Mapping[str, str],
    versions: Mapping[str, str],
    builder: str = BUILDER,
) -> str:
    """Write the statement of a bundle as JSON.

    ``source`` is the source's commit, with ``-dirty`` behind it where files differed from that;
    ``parameters`` are what was asked for, ``versions`` those of the programs that built it,
    ``builder`` is a URI that names the place that did.
    """
    name = lock.environment
    subjects = [{"name": name, "digest": {"gitTree": tree_id(files)}}]
    subjects += [
        {"name": f"{name}/{path}", "digest": {"sha256": _sha256(content)}}
        for path, content in sorted(files.items())
    ]
    value = {
        "_type": TYPE,
        "subject": subjects,
        "predicateType": PREDICATE,
        "predicate": {
            "buildDefinition": {
                "buildType": BUILD_TYPE,
                "externalParameters": dict(parameters),
                "resolvedDependencies": [*_source(source), *_charts(lock), *_images(lock)],
            },
            "runDetails": {"builder": {"id": builder, "version": dict(versions)}},
        },
    }
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def _source(source: str) -> Iterator[dict[str, Any]]:
    if source:
        commit = source.removesuffix(_DIRTY)
        entry: dict[str, Any] = {"name": "source", "digest": {"gitCommit": commit}}
        if source.endswith(_DIRTY):
            entry["annotations"] = {"changed": True}
        yield entry


def _charts(lock: Lock) -> Iterator[dict[str, Any]]:
    for chart in lock.charts:
        digest = {"digest": _digest(chart.sha256)} if chart.sha256 else {}
        place = {"uri": chart.repository} if chart.repository else {}
        yield {"name": f"chart {chart.name}-{chart.version}", **place, **digest}


def _images(lock: Lock) -> Iterator[dict[str, Any]]:
    for image in lock.images:
        digest = {"digest": _digest(image.digest)} if image.digest else {}
        yield {"name": f"image {image.image}", "uri": f"docker://{image.image}", **digest}


def _digest(text: str) -> dict[str, str]:
    algorithm, _, value = text.rpartition(":")
    return {algorithm or "sha256": value}


def compare(text: str, files: Mapping[str, bytes], *, place: str) -> list[Finding]:
    """Hold a tree against its statement: each file as named, and none more.

    Raises ConfigurationError for what is no statement of a bundle.
    """
    name, tree, named = _subjects(text, place)
    found = {path: _sha256(content) for path, content in files.items()}
    findings = [
        _differs(path, named.get(path), found.get(path), place)
        for path in sorted(named.keys() | found.keys())
        if named.get(path) != found.get(path)
    ]
    if not findings and tree != tree_id(files):
        cause = f"its tree is {tree_id(files)}, and the statement names {tree}"
        hint = "the statement is not one that Sealift wrote"
        findings.append(
            Finding(code="wrong-tree", subject=name, place=place, cause=cause, hint=hint)
        )
    return findings


def _subjects(text: str, place: str) -> tuple[str, str, dict[str, str]]:
    """Return the name, the tree and the files' digests that a statement is about."""
    try:
        value = json.loads(text)
        known = (value["_type"], value["predicateType"]) == (TYPE, PREDICATE)
        build_type = value["predicate"]["buildDefinition"]["buildType"]
        root, *rest = value["subject"]
        name, tree = str(root["name"]), str(root["digest"]["gitTree"])
        files = {str(e["name"]).removeprefix(f"{name}/"): e["digest"]["sha256"] for e in rest}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ConfigurationError("is not an in-toto statement of a bundle", where=place) from error
    if not known or build_type != BUILD_TYPE or len(files) != len(rest):
        raise ConfigurationError(
            "is a statement about something else than a bundle",
            where=place,
            hint="name the one that `sealift attest` wrote",
        )
    return name, tree, files


def _differs(path: str, named: str | None, found: str | None, place: str) -> Finding:
    code, cause = "changed-file", f"it has sha256 {found}, and the statement {named}"
    if named is None:
        code, cause = "extra-file", "the statement does not name it"
    elif found is None:
        code, cause = "missing-file", "the statement names it, and it is not there"
    hint = "the bundle is not the one that was attested: bring that, or find out who changed it"
    return Finding(code=code, subject=path, place=place, cause=cause, hint=hint)


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
