"""Many environments of one platform: built at once, against the loop of the tools over each.

The machine may be shared, so processor time is what is compared, that of all children included.
On the stand-in charts, or on the vendor's in the folder that SEALIFT_CHARTS names, unpacked as
``name-version``.
"""

import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from benchmarks.measure import Ratio, Run, watched
from builder.bases import find_base
from builder.core import lock, yaml
from builder.core.git_tree import tree_id
from builder.fleet.run import cores
from builder.publish_many import publish_many
from builder.render import render
from builder.target import Target
from builder.tools import helm, kustomize
from builder.vendor import vendor
from builder.workspace import find_overlay

T = TypeVar("T")
HERE = Path(__file__).resolve().parent.parent
REGIONS = 4
OTHER = "0.28.1"
_SAMPLE = 100
"""Over how many environments the tools run: what they take is the same for each."""


def fleets(folder: Path, sizes: tuple[int, ...]) -> Iterator[Ratio]:
    """Compare builds of fleets, with a cache that is empty, and after a change of one in 100."""
    for size in sizes:
        for distinct in dict.fromkeys((size, min(size, 20))):
            root = folder / f"{size}-{distinct}"
            names = fleet(root, size, distinct)
            tools = _loop(root, names[:: max(1, size // _SAMPLE)][:_SAMPLE], size)
            environment = {"XDG_CACHE_HOME": str(root / "cache")}
            title = f"{size} environments, {distinct} sets of values"
            cold = _built(root, environment)
            yield from _ratios(f"{title}, cold", cold, tools)
            for name in names[::100]:
                _edit(root / "overlays" / name / "more.yaml", "key: one", "key: two")
            yield from _ratios(f"{title}, 1 % changed", _built(root, environment), tools)


def _ratios(case: str, measured: Run, tools: Run) -> Iterator[Ratio]:
    yield Ratio(
        case=f"{case}: processor time / tools",
        measured=measured.processor,
        against=tools.processor,
    )
    yield Ratio(
        case=f"{case}: wall / tools, {cores()} at once", measured=measured.wall, against=tools.wall
    )
    yield Ratio(
        case=f"{case}: peak memory / tools",
        measured=measured.peak / 2**20,
        against=tools.peak / 2**20,
        unit="MB",
    )


def _built(root: Path, environment: dict[str, str]) -> Run:
    argv = [sealift(), "build", "site-*", "--root", str(root), "-o", str(root / "out")]
    return watched(argv, env=environment)


def _loop(root: Path, names: list[str], size: int) -> Run:
    """Run kustomize and helm for each, as many at once as there are processors."""
    script = root / "loop"
    script.write_text("".join(" && ".join(by_tools(root, name)) + "\n" for name in names))
    argv = ["xargs", "-P", str(cores()), "-d", "\n", "-n", "1", "-a", str(script), "sh", "-c"]
    run = watched(["sh", "-c", f"{' '.join(_quoted(argv))} > {root}/rendered"])
    factor = size / len(names)
    return Run(wall=run.wall * factor, processor=run.processor * factor, peak=run.peak)


def by_tools(root: Path, name: str) -> tuple[str, str]:
    """Return the commands of a shell that render an environment: of kustomize, and of helm."""
    overlay = find_overlay(root, name)
    (chart,) = [
        r.body["spec"] for r in render(overlay).manifests if r.id.kind == "WeightsAndBiases"
    ]
    values = root / "values" / f"{name}.yaml"
    values.parent.mkdir(exist_ok=True)
    values.write_text(yaml.dump(chart["values"]))
    archive = overlay.base.charts / f"operator-wandb-{chart['chart']['version']}.tgz"
    build = [*kustomize.find()[0], "--enable-helm", "--helm-command", helm.find()[0]]
    template = [helm.find()[0], "template", "wandb", "--namespace", "default", "--kube-version"]
    charted = [*template, "1.30", "--include-crds", "-f", str(values), str(archive)]
    return " ".join([*build, str(overlay.folder)]), " ".join(charted)


def _quoted(argv: list[str]) -> list[str]:
    return ["'\\n'" if part == "\n" else part for part in argv]


def fleet(root: Path, size: int, distinct: int) -> list[str]:
    """Write a fleet: regions with a registry each, and environments that extend one of them.

    Environments have a host, and values of their own; one in 20 has another version of the chart.
    Each is closed.
    """
    ignored = shutil.ignore_patterns("charts", "charts.lock.yaml")
    for name in ("base", "overlays"):
        shutil.copytree(HERE / name, root / name, ignore=ignored)
    base = find_base(root, "wandb")
    versions = {chart.name: chart.version for chart in base.base.charts}
    for name, version in versions.items():
        shutil.copytree(_chart(name, version), root / "charts" / name)
    vendor(base, source=str(root / "charts"))
    chart, version = root / "charts" / "operator-wandb", versions["operator-wandb"]
    _edit(chart / "Chart.yaml", f"version: {version}", f"version: {OTHER}")
    helpers = chart / "templates" / "_helpers.tpl"
    if version in helpers.read_text():  # the stand-in goes by its version
        _edit(helpers, version, OTHER)
    other = ("operator-wandb", OTHER)
    vendor(
        find_base(root, "wandb"), source=str(root / "charts"), versions=dict([other]), only=other
    )
    for number in range(REGIONS + 1):
        _region(root, f"region-{number}", OTHER if number == REGIONS else "")
    names = [f"site-{number:05}" for number in range(size)]
    for number, name in enumerate(names):
        other = number % 20 == 19
        _site(root, name, f"region-{REGIONS if other else number % REGIONS}", number % distinct)
    return names


def _chart(name: str, version: str) -> Path:
    folder = os.environ.get("SEALIFT_CHARTS")
    return Path(folder) / f"{name}-{version}" if folder else HERE / "tests" / "charts" / name


def _region(root: Path, name: str, version: str) -> None:
    folder = root / "overlays" / name
    shutil.copytree(root / "overlays" / "example", folder)
    (folder / "patches" / "airgap.yaml").unlink()
    path = folder / "environment.yaml"
    path.write_text(f"{path.read_text()}registry: {{prefix: {name}.yourdomain.com/mirror}}\n")
    if version:
        _edit(folder / "kustomization.yaml", "transformers:", _VERSION.format(version=version))
    _edit(folder / "kustomization.yaml", "  - patches/airgap.yaml\n", "")
    argv = [sealift(), "airgap", name, "--root", str(root)]
    subprocess.run(argv, check=True, stdout=subprocess.DEVNULL)


def sealift() -> str:
    """Return the program that stands beside this interpreter."""
    return str(Path(sys.executable).with_name("sealift"))


_VERSION = """patches:
  - target: {{kind: WeightsAndBiases}}
    patch: '[{{"op": "replace", "path": "/spec/chart/version", "value": "{version}"}}]'
transformers:"""

_SITE = """resources: [../{region}, more.yaml]
patches:
  - target: {{kind: WeightsAndBiases}}
    patch: |-
      - {{op: add, path: /spec/values/global/extraEnv/SITE, value: "site {number}"}}
      - {{op: replace, path: /spec/values/global/host, value: "https://w{number}.yourdomain.com"}}
"""


def _site(root: Path, name: str, region: str, number: int) -> None:
    folder = root / "overlays" / name
    folder.mkdir()
    host = f"ingress: {{host: w{number}.yourdomain.com}}\n"
    (folder / "environment.yaml").write_text(f"extends: {region}\n{host}")
    (folder / "kustomization.yaml").write_text(_SITE.format(region=region, number=number))
    (folder / "more.yaml").write_text(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: site}\n"
        f"data: {{name: {name}, key: one}}\n"
    )


def _edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    if old not in text:
        raise RuntimeError(f"{path} has no {old!r}")
    path.write_text(text.replace(old, new))


def publishing(folder: Path, size: int = 1000, changed: int = 10) -> Iterator[Ratio]:
    """Publish a fleet into a branch of 50,000 files when a few have changed, against a clone.

    The bundles are as if they had just been built; the clone changes, commits and pushes the same.
    """
    root = folder / "gitops"
    bundles = [_bundle(number, b"one") for number in range(size)]
    remote = _repository(root, bundles)
    fresh = [_bundle(n, b"two") if n < changed else b for n, b in enumerate(bundles)]
    measured, found = _timed(lambda: publish_many([(_target(remote, b), b) for b in fresh]))
    if len(found.changed) != changed or not found.pushed:
        raise RuntimeError(f"published {found}")
    more = [_bundle(n, b"three") if n < changed else b for n, b in enumerate(bundles)]
    against, _ = _timed(lambda: _by_clone(root / "clone", remote, more[:changed]))
    case = f"publish {size} environments, {changed} changed, of 50,000 files / by a clone"
    yield Ratio(case=f"{case}: processor time", measured=measured, against=against)
    few = [(_target(remote, b), b) for b in more[:changed]]
    alone, _ = _timed(lambda: publish_many(few))
    yield Ratio(case=f"{case[:40]} / only those", measured=measured, against=alone)


@dataclass(frozen=True)
class _Bundle:
    name: str
    files: Mapping[str, bytes]
    tree: str


def _bundle(number: int, text: bytes) -> _Bundle:
    name = f"site-{number:05}"
    files = {f"file-{n:02}.yaml": b"%d %d " % (number, n) + b"x: y\n" * 200 for n in range(49)}
    files["file-00.yaml"] = text + b"\n"
    files[lock.FILE] = f"lockVersion: 1\nenvironment: {name}\n".encode()
    return _Bundle(name=name, files=files, tree=tree_id(files))


def _target(remote: str, bundle: _Bundle) -> Target:
    return Target(repository=remote, branch="main", path=bundle.name)


def _repository(root: Path, bundles: Sequence[_Bundle]) -> str:
    root.mkdir(parents=True)
    remote = root / "gitops.git"
    git = ["git", "init", "--quiet", "--bare", "-b", "main", str(remote)]
    subprocess.run(git, check=True)
    publish_many([(_target(str(remote), b), b) for b in bundles])
    return str(remote)


def _by_clone(clone: Path, remote: str, bundles: Sequence[_Bundle]) -> None:
    def git(*argv: str) -> None:
        named = ["-c", "user.name=Jane", "-c", "user.email=jane@example.com"]
        subprocess.run(["git", "-C", str(clone), *named, *argv], check=True)

    clone.mkdir()
    git("clone", "--quiet", "--depth=1", f"file://{remote}", ".")
    for bundle in bundles:
        for name, content in bundle.files.items():
            (clone / bundle.name / name).write_bytes(content)
    git("add", ".")
    git("commit", "--quiet", "-m", "Publish")
    git("push", "--quiet", "origin", "HEAD:main")


def _timed(work: Callable[[], T]) -> tuple[float, T]:
    """Return the processor time of some work in seconds, children included, and its result."""
    before = _processor()
    result = work()
    return _processor() - before, result


def _processor() -> float:
    found = [resource.getrusage(w) for w in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in found)
