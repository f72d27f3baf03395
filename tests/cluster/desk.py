"""A source repository, and the repository of the forge that its environment is published to."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

import yaml

from tests.cluster.api import Object
from tests.cluster.patience import eventually
from tests.cluster.site import PASSWORD, USER, Site
from tests.servers.tls import CA
from tests.source import Result, Source

REPOSITORY = Path(__file__).parents[2]
SECRET = "gitops"
"""The Secret by which an engine reads the published repository."""


def level(value: str) -> str:
    """A patch of the overlay by which the platform's containers have a variable ``LEVEL``."""
    return (
        "- target: {kind: WeightsAndBiases}\n  patch: |-\n"
        f"    - {{op: add, path: /spec/values/global/extraEnv/LEVEL, value: '{value}'}}\n"
    )


@dataclass(frozen=True)
class Desk:
    """A source repository whose environment is published to a repository of the forge."""

    source: Source
    site: Site
    ca: CA
    project: str
    user: tuple[str, str]
    token: str = field(repr=False)
    environment: str = "prod"
    base: str = "example"
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
            "SEALIFT_REGISTRY_HOST": self.site.registry.host,
            "SEALIFT_REGISTRY_USERNAME": USER,
            "SEALIFT_REGISTRY_PASSWORD": PASSWORD,
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


def open_desk(
    folder: Path, vendored: Path, site: Site, ca: CA, environment: str, base: str = "example"
) -> Desk:
    """A copy of the vendored source, to be published to a repository that is there for it."""
    shutil.copytree(vendored, folder / "source")
    user = site.forge.user()
    token = site.forge.token_of(user, "write:repository", "write:issue")
    project = site.forge.repository(user[0])
    return Desk(Source(folder / "source"), site, ca, project, user, token, environment, base)
