"""The whole way: a source repository, published to the forge, synced by an engine, installed."""

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import yaml

from builder.tools import helm
from tests.cluster.api import Api, Object
from tests.cluster.apiserver import ApiServer
from tests.cluster.desk import REPOSITORY, SECRET, Desk
from tests.cluster.patience import eventually
from tests.cluster.recorder import Recorder
from tests.cluster.witness import Witness, witnessing
from tests.servers.process import Process, running


class Engine(Protocol):
    """What syncs: Flux or Argo CD."""

    @property
    def name(self) -> str:
        """As ``environment.yaml`` has it."""

    @property
    def processes(self) -> Sequence[Process]:
        """Its programs."""

    @property
    def namespace(self) -> str:
        """Where it lives."""

    def credentials(self, name: str, url: str, user: str, password: str, cafile: Path) -> Object:
        """The Secret by which it reads a Git repository."""

    def refresh(self) -> None:
        """Have it look now, as a webhook of the forge would."""

    def unfinished(self, revision: str) -> list[str]:
        """What is not applied and healthy at a revision, a line each; empty when all is."""


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
        """Wait until a commit is applied, all is healthy and the platform installed.

        Asks the engine to look again now and then: Argo CD may miss that a definition is there, and
        then looks after half a minute by itself.
        """
        eventually(
            lambda: not self.unfinished(commit),
            f"{commit} is applied",
            ask=self.engine.refresh,
            state=lambda: "\n".join([*self.unfinished(commit), self.operator.tail()]),
        )

    def fails(self, commit: str, text: str = "") -> None:
        """Wait until the engine tells that a commit is not applied, or not healthy, and why.

        The resource's phase says nothing of a generation: for a moment after a change all seems
        well.
        """
        eventually(
            lambda: any(text in line for line in self.engine.unfinished(commit)),
            f"the engine says what is wrong: {text}",
            ask=self.engine.refresh,
            state=lambda: "\n".join(self.engine.unfinished(commit)),
        )

    def unfinished(self, commit: str) -> list[str]:
        """What the engine, then the operator has not done of a commit, a line each."""
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
