"""kustomize, as a subprocess: the binary, or the one inside kubectl."""

import functools
import os
import re
import shutil
import sysconfig
from collections.abc import Iterator
from pathlib import Path

from builder.core.errors import ToolError
from builder.tools import helm
from builder.tools.command import CommandError, run, version_of

SETTING = "SEALIFT_KUSTOMIZE"
OLDEST = (5, 6)


def _candidates() -> Iterator[list[str]]:
    """Yield the commands that may be kustomize, best first."""
    setting = os.environ.get(SETTING)
    if setting:
        yield (
            [setting, "kustomize"]
            if Path(setting).name.startswith("kubectl")
            else [setting, "build"]
        )
        return
    kustomize = shutil.which("kustomize")
    if kustomize:
        yield [kustomize, "build"]
    wheel = Path(sysconfig.get_path("scripts")) / "kubectl"  # the extra `tools` puts it there
    if wheel.is_file():
        yield [str(wheel), "kustomize"]
    kubectl = shutil.which("kubectl")
    if kubectl:
        yield [kubectl, "kustomize"]


@functools.cache
def find() -> tuple[tuple[str, ...], str]:
    """Return the command that builds, and its version. Raises ToolError when none fits.

    In order: the setting, kustomize on PATH, the kubectl of the extra ``tools``, kubectl on PATH.
    Older versions give other results for JSON patches and helm charts.
    """
    seen = []
    for command in _candidates():
        version = _version(command)
        match = re.match(r"v?(\d+)\.(\d+)", version)
        if match and (int(match[1]), int(match[2])) >= OLDEST:
            return tuple(command), version
        seen.append(f"{command[0]} has {version or 'no version'}")
    oldest = ".".join(map(str, OLDEST))
    raise ToolError(
        f"no kustomize {oldest} or newer" + (f" ({'; '.join(seen)})" if seen else ""),
        hint=f"pip install 'sealift[tools]', or install kustomize, or name it in {SETTING}",
    )


def _version(command: list[str]) -> str:
    try:
        if command[1] == "build":
            return version_of([command[0], "version"])
        said = version_of([command[0], "version", "--client"])
    except CommandError:
        return ""
    match = re.search(r"Kustomize Version: (\S+)", said)
    return match[1] if match else ""


def message(error: CommandError) -> str:
    """Return what went wrong, without the command by which kustomize ran helm."""
    return helm.message(error).partition(" : unable to run: ")[0].removeprefix("Error: ")


def build(folder: Path, *, kube_version: str) -> str:
    """Build a kustomization with its helm charts; return the resources as YAML.

    Raises CommandError. The caller has made sure that nothing in it is fetched.
    """
    command, _ = find()
    argv = [*command, "--enable-helm", "--helm-command", helm.find()[0]]
    argv += ["--helm-kube-version", kube_version]
    with helm.home() as env:
        return run([*argv, str(folder)], env=env, bare=True).decode()
