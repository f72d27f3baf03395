"""A stand-in for the vendor's operator, whose program no package registry has.

It does what is known of the real one. It runs once the Deployment of the bundle is available, as
the service account of that Deployment. For each ``WeightsAndBiases`` it merges the specification
(the resource before the Secret ``<name>-spec-user``; maps deeply, lists one behind the other),
pulls the chart with the credentials of ``spec.chart.credentialSecret``, has helm install it, and
says in ``status.phase`` how far it is. Unless the Deployment has ``AIRGAPPED=true`` it asks the
vendor's channel too. ``python -m tests.cluster.operator SETTINGS.json`` runs it.
"""

import base64
import json
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.cluster.api import Api, ApiError, Object
from tests.servers.kubernetes import write_kubeconfig

_GROUP = "apps.wandb.com/v1"
_KIND = "WeightsAndBiases"
_CHANNEL = "deploy.wandb.ai"
_PAUSE_SECONDS = 0.3
# The real one waits for an hour unless spec.values.reconcileFrequency says otherwise.
_RETRY_SECONDS = 3.0


class InvalidConfigError(Exception):
    """A specification that cannot be installed."""


def merge(first: Any, second: Any) -> Any:
    """Merge specifications: the first wins, lists are joined; InvalidConfigError for two types."""
    if isinstance(first, Mapping) and isinstance(second, Mapping):
        keys = dict.fromkeys([*first, *second])
        return {
            key: merge(first[key], second[key])
            if key in first and key in second
            else first.get(key, second.get(key))
            for key in keys
        }
    if isinstance(first, list) and isinstance(second, list):
        return [*first, *second]
    if isinstance(first, Mapping | list) or isinstance(second, Mapping | list):
        raise InvalidConfigError(f"cannot merge {type(first).__name__}, {type(second).__name__}")
    return first


@dataclass
class Operator:
    """The controller; ``kubelet`` is the account that would start it, and gives it its token."""

    kubelet: Api
    folder: Path
    helm: str
    _done: dict[str, tuple[str, float]] = field(default_factory=dict)

    def run(self) -> None:
        """Reconcile until the process is ended."""
        while True:
            try:
                self._round()
            except (ApiError, LookupError) as error:
                print("again:", error, flush=True)
            time.sleep(_PAUSE_SECONDS)

    def _round(self) -> None:
        for deployment in self.kubelet.list("apps/v1", "Deployment"):
            available = deployment.get("status", {}).get("availableReplicas", 0)
            spec = deployment["spec"]["template"]["spec"]
            variables = _variables(spec)
            if "AIRGAPPED" not in variables or not available:
                continue
            namespace = deployment["metadata"]["namespace"]
            own = self._account(namespace, spec["serviceAccountName"])
            for body in own.list(_GROUP, _KIND):
                self._reconcile(own, body, channel=variables["AIRGAPPED"] != "true")

    def _account(self, namespace: str, name: str) -> Api:
        path = self.kubelet.path("v1", "ServiceAccount", namespace, name) + "/token"
        made = self.kubelet.call("POST", path, {"spec": {"expirationSeconds": 3600}})
        return Api(self.kubelet.url, self.kubelet.cafile, made["status"]["token"])

    def _reconcile(self, own: Api, body: Object, *, channel: bool) -> None:
        name, namespace = body["metadata"]["name"], body["metadata"]["namespace"]
        spec = body["spec"]
        wanted = json.dumps(spec, sort_keys=True)
        seen, again = self._done.get(body["metadata"]["uid"], ("", 0.0))
        if seen == wanted and time.monotonic() < again:
            return
        print("reconcile", namespace, name, flush=True)
        again = float("inf")
        try:
            if channel:
                _ask_channel()
            merged = merge(spec, self._user_spec(own, namespace, name))
            self._phase(own, body, "Loading")
            archive = self._pull(own, merged.get("chart") or {}, namespace)
            self._phase(own, body, "Applying")
            self._install(own, name, namespace, archive, merged.get("values") or {})
            self._phase(own, body, "Completed")
            generation = body["metadata"]["generation"]
            print(f"completed {namespace}/{name} generation {generation}", flush=True)
        except InvalidConfigError as error:
            print("invalid:", error, flush=True)
            self._phase(own, body, "Invalid Config")
            again = time.monotonic() + _RETRY_SECONDS
        self._done[body["metadata"]["uid"]] = wanted, again

    def _user_spec(self, own: Api, namespace: str, name: str) -> dict[str, Any]:
        secret = own.get("v1", "Secret", f"{name}-spec-user", namespace) or {}
        data = secret.get("data") or {}
        return {key: json.loads(base64.b64decode(value)) for key, value in data.items()}

    def _phase(self, own: Api, body: Object, phase: str) -> None:
        own.merge(body, {"status": {"phase": phase}}, "/status")

    def _pull(self, own: Api, chart: Mapping[str, Any], namespace: str) -> Path:
        """Bring the chart; its name may stand in the URL, as ``oci://`` has it."""
        url, name, version = (str(chart.get(key) or "") for key in ("url", "name", "version"))
        if not url:
            raise InvalidConfigError("spec.chart has no url")
        target = self.folder / "charts"
        target.mkdir(exist_ok=True)
        place = [url] if url.startswith("oci://") else [name, "--repo", url]
        argv = ["pull", *place, "--destination", str(target), f"--ca-file={own.cafile}"]
        if version:
            argv.append(f"--version={version}")
        if reference := chart.get("credentialSecret"):
            argv += self._credentials(own, reference, namespace)
        for old in target.iterdir():
            old.unlink()
        self._helm(argv)
        (archive,) = target.glob("*.tgz")
        return archive

    def _credentials(self, own: Api, reference: Mapping[str, str], namespace: str) -> list[str]:
        secret = own.get("v1", "Secret", reference["name"], namespace)
        if secret is None:
            raise InvalidConfigError(f"there is no Secret {reference['name']}")
        values = [
            base64.b64decode(secret["data"][reference.get(key, default)]).decode()
            for key, default in (("usernameKey", "username"), ("passwordKey", "password"))
        ]
        return ["--username", values[0], "--password", values[1]]

    def _install(
        self, own: Api, name: str, namespace: str, archive: Path, values: Mapping[str, Any]
    ) -> None:
        config = write_kubeconfig(self.folder / "account", own.url, own.cafile, own.token)
        file = self.folder / "values.json"
        file.write_text(json.dumps(values))
        self._forget_unfinished(own, name, namespace)
        argv = ["upgrade", "--install", name, str(archive), f"--namespace={namespace}"]
        argv += [f"--values={file}", f"--kubeconfig={config}", "--timeout=60s", "--history-max=2"]
        self._helm(argv)

    def _forget_unfinished(self, own: Api, name: str, namespace: str) -> None:
        """Take the marks of an installation away that was cut off, as helm would wait for it."""
        for secret in own.list("v1", "Secret", namespace):
            labels = secret["metadata"].get("labels") or {}
            pending = str(labels.get("status", "")).startswith("pending")
            if labels.get("owner") == "helm" and labels.get("name") == name and pending:
                own.delete("v1", "Secret", secret["metadata"]["name"], namespace)

    def _helm(self, argv: list[str]) -> None:
        homes = {
            f"HELM_{kind}_HOME": str(self.folder / kind) for kind in ("CACHE", "CONFIG", "DATA")
        }
        done = subprocess.run(
            [self.helm, *argv],
            env={"PATH": "/usr/bin:/bin", "HOME": str(self.folder), **homes},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )
        if done.returncode != 0:
            raise InvalidConfigError(f"helm {argv[0]}: {done.stderr[-1500:]}")


def _variables(spec: Mapping[str, Any]) -> dict[str, str]:
    return {
        entry["name"]: str(entry.get("value", ""))
        for container in spec["containers"]
        for entry in container.get("env") or ()
    }


def _ask_channel() -> None:
    """Go for the vendor's settings, which inside never come."""
    try:
        socket.create_connection((_CHANNEL, 443), timeout=2).close()
    except OSError as error:
        print("no channel:", error, flush=True)


if __name__ == "__main__":
    settings = json.loads(Path(sys.argv[1]).read_text())
    Operator(
        Api(settings["url"], Path(settings["cafile"]), settings["token"]),
        Path(settings["folder"]),
        settings["helm"],
    ).run()
