"""The whole way: a source repository, published to the forge, synced by an engine, installed."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Protocol

import yaml

from builder.tools import helm
from tests.cluster.api import Api, ApiError, Object
from tests.cluster.apiserver import ApiServer
from tests.cluster.recorder import Recorder
from tests.cluster.site import Site
from tests.cluster.witness import Witness, witnessing
from tests.servers.process import Process, running
from tests.servers.tls import CA
from tests.source import Result, Source

REPOSITORY = Path(__file__).parents[2]
SECRET = "gitops"
_SETTLED_SECONDS = 90.0


class Engine(Protocol):
    """What syncs: Flux or Argo CD."""

    @property
    def name(self) -> str:
        """As ``environment.yaml`` has it."""

    @property
    def processes(self) -> Sequence[Process]:
        """Its programs."""

    def credentials(self, name: str, url: str, user: str, password: str, cafile: Path) -> Object:
        """The Secret by which it reads a Git repository."""

    def refresh(self) -> None:
        """Have it look now, as a webhook of the forge would."""

    def unfinished(self, revision: str) -> list[str]:
        """What is not applied and healthy at a revision, a line each; empty when all is."""


@dataclass(frozen=True)
class Desk:
    """A source repository whose environment is published to a repository of the forge."""

    source: Source
    site: Site
    ca: CA
    project: str
    user: tuple[str, str]
    token: str
    environment: str
    base: str
    """The environment that it extends."""

    @property
    def url(self) -> str:
        return f"{self.site.forge.url}/{self.project}.git"

    def sealift(self, *argv: str) -> Result:
        """Run the command line, as a process of its own."""
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.source.root.parent),
            "PYTHONPATH": str(REPOSITORY),
            "SEALIFT_GIT_HOST": self.site.forge.url,
            "SEALIFT_GIT_USERNAME": self.user[0],
            "SEALIFT_GIT_PASSWORD": self.token,
            "SEALIFT_FORGE_HOST": self.site.forge.url,
            "SEALIFT_FORGE_TOKEN": self.token,
            "SEALIFT_CA_FILE": str(self.ca.certificate),
        }
        done = subprocess.run(
            [sys.executable, "-m", "builder", *argv],
            cwd=self.source.root,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )
        return Result(done.returncode, done.stdout, done.stderr)

    def run(self, *argv: str) -> str:
        """Run the command line, which must succeed; returns what it prints."""
        result = self.sealift(*argv)
        assert result.code == 0, f"sealift {' '.join(argv)}: {result}"
        return result.out

    def publish(self, *flags: str) -> str:
        """Point all inside and publish; returns the commit at the head of the branch."""
        self.run("airgap", self.environment)
        self.run("publish", self.environment, *flags)
        return self.head

    @property
    def head(self) -> str:
        branch = self.site.forge.api("GET", f"/repos/{self.project}/branches/main")
        return str(branch["commit"]["id"])

    def merge(self) -> str:
        """Merge the one open pull request; returns the commit that this makes."""
        (request,) = self.site.forge.api("GET", f"/repos/{self.project}/pulls?state=open")
        path = f"/repos/{self.project}/pulls/{request['number']}/merge"
        eventually(lambda: self._merged(path), "the pull request can be merged")
        return self.head

    def _merged(self, path: str) -> bool:
        """Try: at first the forge does not know yet whether it can be merged."""
        try:
            self.site.forge.api("POST", path, {"Do": "merge"})
        except AssertionError as error:
            if "405" not in str(error):
                raise
            return False
        return True

    def revert(self, commit: str) -> str:
        """Take a merge back in the published repository, as somebody in need does, without us."""
        clone = self._clone()
        self._git("-C", str(clone), "revert", "--no-edit", "-m", "1", commit)
        self._git("-C", str(clone), "push", "--quiet")
        return self.head

    def commit(self, path: str, text: str) -> str:
        """Commit a file to the published repository, past Sealift."""
        clone = self._clone()
        (clone / path).parent.mkdir(parents=True, exist_ok=True)
        (clone / path).write_text(text)
        self._git("-C", str(clone), "add", "--", path)
        self._git("-C", str(clone), "commit", "--quiet", "-m", "By hand")
        self._git("-C", str(clone), "push", "--quiet")
        return self.head

    def published(self) -> list[Object]:
        """The resources of the published bundle."""
        folder = self._clone() / self.environment
        listed = yaml.safe_load((folder / "kustomization.yaml").read_text())["resources"]
        texts = [(folder / name).read_text() for name in listed]
        return [body for text in texts for body in yaml.safe_load_all(text) if body]

    def _clone(self) -> Path:
        clone = self.source.root.parent / "clone"
        shutil.rmtree(clone, ignore_errors=True)
        address = self.url.replace("https://", f"https://{self.user[0]}:{self.token}@")
        self._git("clone", "--quiet", address, str(clone))
        return clone

    def _git(self, *argv: str) -> None:
        settings = {"http.sslCAInfo": str(self.ca.certificate)}
        settings |= {"user.name": "Ada", "user.email": "ada@example.com"}
        flags = [flag for key, value in settings.items() for flag in ("-c", f"{key}={value}")]
        subprocess.run(["git", *flags, *argv], check=True, capture_output=True)

    def configure(self, settings: str) -> None:
        """Write ``environment.yaml``: published to our repository, with these settings more."""
        text = (
            f"extends: {self.base}\npublish: {{repository: {self.url}, branch: main, "
            f"secret: {SECRET}, forge: {{kind: gitea}}}}\n{settings}"
        )
        self.source.write(f"overlays/{self.environment}/environment.yaml", text)
        self.overlay()

    def overlay(
        self, resources: Mapping[str, str] = MappingProxyType({}), patches: str = ""
    ) -> None:
        """Give the environment these files as resources, and kustomize's patches, and no others."""
        folder = f"overlays/{self.environment}"
        for name, text in resources.items():
            self.source.write(f"{folder}/{name}", text)
        listed = ", ".join([f"../{self.base}", *resources])
        ending = f"patches:\n{patches}" if patches else ""
        self.source.write(f"{folder}/kustomization.yaml", f"resources: [{listed}]\n{ending}")

    def lock(self) -> set[str]:
        """The images that the published bundle says the cluster will pull."""
        path = f"/repos/{self.project}/raw/{self.environment}/bundle.lock.yaml"
        text = self.site.forge.text(path)
        return {entry["image"] for entry in yaml.safe_load(text)["images"]}


@dataclass(frozen=True)
class Chain:
    """A desk, and the cluster that is to become what it publishes."""

    desk: Desk
    server: ApiServer
    engine: Engine
    operator: Process
    recorder: Recorder
    witness: Witness

    @property
    def api(self) -> Api:
        return self.server.api

    @property
    def resource(self) -> Object | None:
        """The platform's custom resource."""
        return self.api.get("apps.wandb.com/v1", "WeightsAndBiases", "wandb", "wandb")

    @property
    def phase(self) -> str:
        """How far the operator says it is."""
        return str(((self.resource or {}).get("status") or {}).get("phase"))

    def connect(self, *flags: str) -> None:
        """Give the engine its access to the repository, and the objects of ``sealift sync``."""
        user = self.desk.site.forge.user()
        path = f"/repos/{self.desk.project}/collaborators/{user[0]}"
        self.desk.site.forge.api("PUT", path, {"permission": "read"})
        token = self.desk.site.forge.token_of(user, "read:repository")
        secret = self.engine.credentials(
            SECRET, self.desk.url, user[0], token, self.desk.ca.certificate
        )
        self.api.apply(secret)
        self.sync(*flags)

    def sync(self, *flags: str) -> None:
        """Apply what ``sealift sync`` prints, as the documentation says."""
        text = self.desk.run("sync", self.desk.environment, *flags)
        self.api.apply(*(body for body in yaml.safe_load_all(text) if body))

    def deliver(self, *flags: str) -> str:
        """Publish, and wait until the cluster is what was published."""
        commit = self.desk.publish(*flags)
        self.settle(commit)
        return commit

    def settle(self, commit: str) -> None:
        """Wait until a commit is applied, all is healthy and the platform installed."""
        self.engine.refresh()
        try:
            eventually(lambda: not self._unfinished(commit), "the commit is applied")
        except TimeoutError as error:
            lines = "\n".join(self._unfinished(commit))
            raise TimeoutError(f"{error}:\n{lines}\n{self.operator.tail()}") from None

    def fails(self, commit: str, text: str = "") -> None:
        """Wait until the engine tells that a commit is not applied, or not healthy, and why.

        The resource's phase says nothing of a generation: for a moment after a change all seems
        well.
        """
        self.engine.refresh()
        eventually(
            lambda: any(text in line for line in self.engine.unfinished(commit)),
            f"the engine says what is wrong: {text}",
        )

    def _unfinished(self, commit: str) -> list[str]:
        lines = self.engine.unfinished(commit)
        resource = self.resource
        if resource is None:
            return [*lines, "no WeightsAndBiases"]
        generation = f"generation {resource['metadata']['generation']}"
        if (
            self.phase != "Completed"
            or f"completed wandb/wandb {generation}\n" not in self.operator_log
        ):
            lines.append(f"WeightsAndBiases: {self.phase}, {generation}")
        return lines

    @property
    def operator_log(self) -> str:
        return self.operator.log.read_text(errors="replace")


def eventually(holds: Callable[[], object], what: str, seconds: float = _SETTLED_SECONDS) -> None:
    """Wait until something holds; TimeoutError when it does not come to that."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            if holds():
                return
        except (ApiError, LookupError):
            pass  # an API server that is being started again, a kind that is not there yet
        time.sleep(0.2)
    raise TimeoutError(f"after {seconds:.0f} s it is not so that {what}")


@contextmanager
def operated(
    desk: Desk, server: ApiServer, engine: Engine, recorder: Recorder, folder: Path
) -> Iterator[Chain]:
    """The chain, with the operator's stand-in; nothing is published yet."""
    folder.mkdir(parents=True)
    settings: dict[str, Any] = {
        "url": server.api.url,
        "cafile": str(server.api.cafile),
        "token": server.api.token,
        "folder": str(folder),
        "helm": helm.find()[0],
    }
    file = folder / "settings.json"
    file.write_text(json.dumps(settings))
    argv = [sys.executable, "-m", "tests.cluster.operator", str(file)]
    home = {"PYTHONPATH": str(REPOSITORY)}
    operator = Process("operator", argv, folder / "operator.log", home)
    with witnessing(server.api) as witness, running(operator):
        yield Chain(desk, server, engine, operator, recorder, witness)


def open_desk(
    folder: Path, vendored: Path, site: Site, ca: CA, environment: str, base: str = "example"
) -> Desk:
    """A copy of the vendored source, to be published to a repository that is there for it."""
    shutil.copytree(vendored, folder / "source")
    user = site.forge.user()
    token = site.forge.token_of(user, "write:repository", "write:issue")
    project = site.forge.repository(user[0])
    return Desk(Source(folder / "source"), site, ca, project, user, token, environment, base)
