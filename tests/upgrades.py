"""Other versions of the stand-in platform, beside the one that the base names."""

import shutil
from collections.abc import Mapping
from pathlib import Path

from tests.conftest import CHARTS, Run
from tests.source import Result, Source

NAME = "operator-wandb"
OLD = "0.28.0"
PLATFORM = "base/wandb/weightsandbiases.yaml"
BASE = "base/wandb/base.yaml"
LOCK = "base/wandb/charts.lock.yaml"
PATCH = "overlays/example/patches/chart-version.yaml"
AIRGAP = "overlays/example/patches/airgap.yaml"
KUSTOMIZATION = "overlays/example/kustomization.yaml"

# The path of a value is another one, an image more, a form of a credential more.
CHANGES = {
    "values.yaml": {
        "  workerImage: wandb/launch-worker:1.2.3": "  worker: {image: wandb/launch-worker:1.2.3}",
        "  clusterRole: true\n": (
            "  clusterRole: true\n  sidecarImage: quay.io/stand-in/metrics:2.0.0\n"
        ),
    },
    "templates/config.yaml": {
        "  SMTP_PASSWORD: {{ .Values.global.email.smtp.password | quote }}": (
            '  {{- if kindIs "string" .Values.global.email.smtp.password }}\n'
            "  SMTP_PASSWORD: {{ .Values.global.email.smtp.password | quote }}\n  {{- end }}"
        ),
    },
    "charts/wandb-base/values.yaml": {'workerImage: ""': 'worker: {image: ""}'},
    "charts/wandb-base/templates/_helpers.tpl": {
        "{{- with .Values.workerImage }}": "{{- with .Values.worker.image }}",
        "{{- $references := list }}": (
            '{{- $references := list }}\n{{- if kindIs "map" .Values.global.email.smtp.password }}'
            "{{- with .Values.global.email.smtp.password.valueFrom.secretKeyRef }}"
            '{{- $references = append $references (list "SMTP_PASSWORD" .name .key) }}'
            "{{- end }}{{- end }}"
        ),
    },
}
Edits = Mapping[str, Mapping[str, str]]


def folder(root: Path, **versions: Edits) -> Path:
    """A folder with the stand-ins, and the platform once more for each version, edited.

    A version is named with underscores: ``v0_40_0={...}``.
    """
    charts = root / "charts"
    shutil.copytree(CHARTS, charts)
    for name, edits in versions.items():
        version = name.removeprefix("v").replace("_", ".")
        chart = charts / f"platform-{version}"
        shutil.copytree(CHARTS / NAME, chart)
        for path in ("Chart.yaml", "templates/_helpers.tpl"):
            _edit(chart / path, {OLD: version})
        for path, changes in edits.items():
            _edit(chart / path, changes)
    return charts


def _edit(path: Path, changes: Mapping[str, str]) -> None:
    text = path.read_text() if path.exists() else ""
    for old, new in changes.items():
        assert old in text, f"{path} has no {old!r}"
        text = text.replace(old, new) if old else new
    path.write_text(text)


def upgrade(run: Run, env: str, charts: Path | str, *argv: str) -> Result:
    """Move an environment to 0.40.0, unless the arguments name another version."""
    version = () if "--chart-version" in argv else ("--chart-version", "0.40.0")
    return run("upgrade", env, *version, "--from", str(charts), *argv)


def lines_changed(before: str, after: str) -> list[tuple[str, str]]:
    """The lines of a text that another has otherwise; both have as many."""
    pairs = zip(before.splitlines(), after.splitlines(), strict=True)
    return [(one, other) for one, other in pairs if one != other]


def by_hand(source: Source) -> str:
    """Set by hand what the new version has otherwise: a worker, and a mail password in the open.

    Return the file.
    """
    name = "overlays/example/patches/own.yaml"
    source.write(
        name,
        "apiVersion: builtin\nkind: PatchTransformer\nmetadata: {name: own}\n"
        "target: {kind: WeightsAndBiases}\npatch: |\n"
        "  # our own worker\n  - op: add\n    path: /spec/values/app/workerImage\n"
        "    value: registry.yourdomain.com/acme/worker:4.5.6\n"
        "  - op: add\n    path: /spec/values/global/email\n    value:\n      smtp:\n"
        "        {host: mysql.yourdomain.com, user: wandb, password: correct-horse-battery}\n",
    )
    source.edit(KUSTOMIZATION, "transformers:\n", "transformers:\n  - patches/own.yaml\n")
    return name
