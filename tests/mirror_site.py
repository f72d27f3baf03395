"""Both sides of a mirror: registries outside and inside, and an environment between them."""

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from builder.core import image
from tests.conftest import Run
from tests.servers.oci import PushedImage, push_image
from tests.servers.registry import Registry, registry
from tests.servers.tls import certificate_authority
from tests.source import Result, Source

USER, PASSWORD = "robot", "correct-horse-battery"
IMAGES = (
    "docker.io/library/busybox:1.36",
    "docker.io/acme/app:2.0",
    "quay.io/acme/sidecar:0.3.1",
)
PLATFORMS = ("linux/amd64", "linux/arm64")


@dataclass
class MirrorSite:
    """Source registries outside (one server stands for all), a mirror inside with TLS and login."""

    source: Source
    run: Run
    outside: Registry
    inside: Registry
    folder: Path
    pushed: dict[str, PushedImage] = field(default_factory=dict)

    @property
    def flags(self) -> list[str]:
        """How to reach both sides."""
        hosts = ("docker.io", "quay.io")
        via = [f"--via={host}={self.outside.host}/{host}" for host in hosts]
        return [*via, f"--plain-http={self.outside.host}", f"--ca-file={self.inside.cafile}"]

    def sealift(self, *argv: str) -> Result:
        """Run a command of the site's environment with what it needs to reach both sides."""
        return self.run(*argv, *self.flags)

    def push(
        self, name: str, platforms: tuple[str, ...] = PLATFORMS, filler: int = 0
    ) -> PushedImage:
        """Make an image outside, with so many bytes more in each layer."""
        parsed = image.parse(name)
        assert parsed is not None
        repository = f"{parsed.registry}/{parsed.repository}"
        pushed = push_image(self.outside.host, repository, parsed.tag, platforms, filler=filler)
        self.pushed[name] = pushed
        return pushed

    def login(self, password: str = PASSWORD) -> None:
        """Log in to the mirror, as docker does."""
        auth = base64.b64encode(f"{USER}:{password}".encode()).decode()
        config = {"auths": {self.inside.host: {"auth": auth}}}
        path = self.folder / "home" / ".docker" / "config.json"
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(config))

    def environment(self, more: str = "", names: tuple[str, ...] = IMAGES) -> None:
        """Write the environment: one Deployment with a container for each image."""
        containers = [{"name": f"c{i}", "image": name} for i, name in enumerate(names)]
        deployment = {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": "app", "namespace": "app"},
            "spec": {"template": {"spec": {"containers": containers}}},
        }
        self.source.write("base/plain/base.yaml", "charts: []\n")
        self.source.write("overlays/site/app.yaml", json.dumps(deployment))
        registry = f'registry: {{prefix: "{self.inside.host}/m"}}\n'
        environment = f'base: plain\nkubernetes: "1.30"\n{registry}{more}'
        self.source.overlay("site", "resources: [app.yaml]\n", environment)
        result = self.run("airgap", "site")
        assert result.code == 0, result

    def inside_digest(self, name: str) -> str | None:
        """What a name means in the mirror, asked with a client of the test's own."""
        from builder.tools.docker_config import Login
        from builder.tools.registry import Registry as Client

        parsed = image.parse(name)
        assert parsed is not None
        login = Login(username=USER, password=PASSWORD)
        with Client(self.inside.host, login=login, ca_file=self.inside.cafile) as client:
            found = client.resolve(parsed.repository, parsed.tag)
        return found.digest if found else None


@contextmanager
def mirror_site(source: Source, run: Run, folder: Path) -> Iterator[MirrorSite]:
    """Start both registries and write the environment, with its images outside."""
    ca = certificate_authority(folder / "ca")
    with (
        registry(folder / "outside") as outside,
        registry(folder / "inside", username=USER, password=PASSWORD, tls=ca) as inside,
    ):
        site = MirrorSite(source, run, outside, inside, folder)
        for name in IMAGES:
            site.push(name)
        site.login()
        site.environment()
        yield site
