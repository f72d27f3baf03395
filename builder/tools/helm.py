"""helm, as a subprocess: rendering charts, pulling them from OCI registries, packaging folders."""

import functools
import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from builder.core.errors import ToolError
from builder.tools import renderer
from builder.tools.command import CommandError, run, version_of

SETTING = "SEALIFT_HELM"
OLDEST = (3, 14)


@functools.cache
def find() -> tuple[str, str]:
    """Return path and version of helm: the setting's, or the one on PATH. Raises ToolError."""
    path = os.environ.get(SETTING) or shutil.which("helm")
    if not path:
        raise ToolError(
            "helm is not on PATH",
            hint=f"install helm {_dotted(OLDEST)} or newer, or name it in {SETTING}",
        )
    version = version_of([path, "version", "--template", "{{.Version}}"])
    match = re.match(r"v?(\d+)\.(\d+)", version)
    if match is None or not OLDEST <= (int(match[1]), int(match[2])) < (4, 0):
        raise ToolError(
            f"helm {version} at {path} does not fit",
            hint=f"use helm {_dotted(OLDEST)} or newer, below 4, or name one in {SETTING}",
        )
    return path, version


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))


@contextmanager
def home() -> Iterator[dict[str, str]]:
    """Give helm folders of its own, so that no user's settings or plugins change a result."""
    with tempfile.TemporaryDirectory(prefix="sealift-helm-") as folder:
        yield {
            "HELM_CACHE_HOME": f"{folder}/cache",
            "HELM_CONFIG_HOME": f"{folder}/config",
            "HELM_DATA_HOME": f"{folder}/data",
            "HELM_REGISTRY_CONFIG": f"{folder}/registry.json",
            "KUBECONFIG": f"{folder}/none",
            # An empty one counts as none.
            **dict.fromkeys(
                ("HELM_NAMESPACE", "HELM_DEBUG", "HELM_PLUGINS", "HELM_KUBECONTEXT"), ""
            ),
        }


def template(
    chart: Path,
    *,
    release: str,
    namespace: str,
    values: Mapping[str, Any],
    kube_version: str,
    api_versions: Sequence[str] = (),
    sets: Sequence[tuple[str, str, bool]] = (),
    upgrade: bool = False,
) -> str:
    """Render a chart (folder or archive) as an installation would, hooks and CRDs included.

    ``sets`` are ``--set`` pairs (``--set-string`` where the third is true). Raises CommandError.
    """
    path, version = find()
    fast = renderer.find(version)
    if fast:
        request = {
            "chart": str(chart),
            "release": release,
            "namespace": namespace or "default",
            "values": json.dumps(values),
            "set": [f"{key}={value}" for key, value, text in sets if not text],
            "setString": [f"{key}={value}" for key, value, text in sets if text],
            "kubeVersion": kube_version,
            "apiVersions": list(api_versions),
            "isUpgrade": upgrade,
        }
        return renderer.render(fast, request)
    argv = [path, "template", "--namespace", namespace, "--kube-version", kube_version]
    argv += ["--include-crds", "--values", "-"]
    for api_version in api_versions:
        argv += ["--api-versions", api_version]
    for key, value, text in sets:
        argv.append(f"--set{'-string' if text else ''}={key}={value}")
    if upgrade:
        argv.append("--is-upgrade")
    with home() as env:
        stdin = json.dumps(values).encode()
        stdout = run([*argv, "--", release, str(chart)], env=env, stdin=stdin, bare=True)
    return stdout.decode()


def message(error: CommandError) -> str:
    """Return what helm says went wrong, without its advice."""
    lines = [line for line in error.stderr.splitlines() if line.strip()]
    said = [line for line in lines if not line.startswith(("Use --debug", "WARNING:"))]
    return " ".join(said).removeprefix("Error: ") or str(error)


def package(folder: Path, destination: Path) -> Path:
    """Package a chart's folder into ``destination``; return the archive. Raises CommandError."""
    with home() as env:
        argv = [find()[0], "package", "--destination", str(destination), "--", str(folder)]
        run(argv, env=env, bare=True)
    return next(destination.glob("*.tgz"))


def pull_oci(
    reference: str,
    version: str,
    destination: Path,
    *,
    username: str = "",
    password: str = "",
    ca_file: Path | None = None,
    plain_http: bool = False,
) -> Path:
    """Pull ``oci://host/path/name`` into a folder; return the archive. Raises CommandError."""
    path, _ = find()
    options = ["--plain-http"] if plain_http else []
    options += ["--ca-file", str(ca_file)] if ca_file else []
    with home() as env:
        if username:
            host = reference.removeprefix("oci://").partition("/")[0]
            login = [path, "registry", "login", *options, "--username", username]
            run([*login, "--password-stdin", "--", host], env=env, stdin=password.encode())
        argv = [path, "pull", *options, "--version", version, "--destination", str(destination)]
        run([*argv, "--", reference], env=env)
    return next(destination.glob("*.tgz"))
