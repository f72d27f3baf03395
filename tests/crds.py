"""The published CRDs of Argo CD and Flux, as strict schemas: an unknown field is an error.

``tools/install_crds.sh`` brings them into ``.tools/crds``.
"""

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from builder.core.pointer import pointer
from builder.core.schemas.compiled import of_definition
from builder.core.schemas.fields import Compiled

TOOLS = Path(__file__).parents[1] / ".tools"
CRDS = TOOLS / "crds"


def missing(what: str, how: str) -> None:
    """Skip where something is not installed; fail in CI, where it has to be."""
    act: Callable[[str], None] = pytest.fail if os.environ.get("CI") else pytest.skip
    act(f"{what} is not there: run `tools/install_crds.sh {how}`")


def check(objects: Iterable[Mapping[str, Any]]) -> None:
    """Fail for each field of custom resources that their CRDs do not have, or not so."""
    if not CRDS.is_dir():
        missing("the CRDs of Argo CD and Flux", "crds")
    problems = [
        f"{body['kind']}/{body['metadata']['name']} {problem}"
        for body in objects
        for problem in (*_of_metadata(body["metadata"]), *_of_fields(body))
    ]
    assert not problems, "\n".join(problems)


def _of_fields(body: Mapping[str, Any]) -> Iterator[str]:
    for problem in _definition(body["apiVersion"], body["kind"]).problems(dict(body)):
        yield f"{pointer(problem.path)}: {problem.what}"


@cache
def _definition(api_version: str, kind: str) -> Compiled:
    group, _, version = api_version.partition("/")
    for path in CRDS.glob("*.yaml"):
        if group.partition(".")[0] not in path.name and group != "argoproj.io":
            continue
        spec = yaml.load(path.read_text(), yaml.CSafeLoader)["spec"]
        if (spec["group"], spec["names"]["kind"]) == (group, kind):
            served = {v["name"]: v["schema"]["openAPIV3Schema"] for v in spec["versions"]}
            definition = of_definition(served[version])
            assert definition is not None
            return definition
    pytest.fail(f"no CRD for {api_version} {kind}")


def _of_metadata(metadata: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is wrong with what no CRD tells of: it is Kubernetes' own."""
    named = {
        "name": r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?",
        "namespace": r"[a-z0-9]([a-z0-9-]*[a-z0-9])?",
    }
    for key, pattern in named.items():
        if not re.fullmatch(pattern, str(metadata.get(key))):
            yield f"/metadata/{key}: {metadata.get(key)!r} is no name"
    texts = [metadata.get(key) or {} for key in ("labels", "annotations")]
    if any(not isinstance(value, str) for text in texts for value in text.values()):
        yield "/metadata: a label or an annotation is no text"
    if more := metadata.keys() - {*named, "labels", "annotations"}:
        yield f"/metadata: {', '.join(sorted(more))}"
