"""A law: a random chart closes, or says what does not. There is no silent leak."""

import itertools
import json
import re
import subprocess
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from builder.airgap import airgap
from builder.airgap_file import rewrites
from builder.bases import find_base
from builder.build import build
from builder.tools import helm, kustomize
from builder.vendor import vendor
from builder.workspace import find_overlay
from tests.source import Source
from tests.styles.model import INSIDE, write
from tests.styles.random import CLOSING, Component, chart, components

_number = itertools.count()


@pytest.mark.usefixtures("scratch")
@settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.generate],  # a failure shall not take minutes to become smaller
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(listed=st.lists(components(), min_size=1, max_size=7))
def test_no_silent_leak(tmp_path: Path, listed: list[Component]) -> None:
    folder = tmp_path / str(next(_number))
    source = write(folder, chart(listed))
    vendor(find_base(source.root, "app"), source=str(folder / "charts"))
    overlay = find_overlay(source.root, "prod")
    result = airgap(overlay)
    assert result.text or result.findings
    for file in rewrites(overlay, result.text, result.added):
        file.write()

    leaks = {image for image in rendered(folder, source) if not image.startswith(f"{INSIDE}/")}
    assert leaks <= {finding.subject for finding in result.findings}
    # Two sources of one mirrored name are no leak, but nothing to ship either.
    assert build(overlay).ships == (not leaks)
    if all(component.style in CLOSING for component in listed):
        assert leaks == set()


def rendered(folder: Path, source: Source) -> list[str]:
    """The images that helm alone makes of the values that kustomize alone makes."""
    text = output(*kustomize.find()[0], str(source.path("overlays/prod")))
    [platform] = [d for d in yaml.safe_load_all(text) if d["kind"] == "Platform"]
    values = folder / "values.json"
    values.write_text(json.dumps(platform["spec"]["values"]))
    chart_folder = str(folder / "charts" / "app")
    text = output(helm.find()[0], "template", "app", chart_folder, "--values", str(values))
    found = re.findall(r"^\s*(?:- )?image: *['\"]?([^\s'\"]+)", text, re.MULTILINE)
    assert found
    return found


def output(*argv: str) -> str:
    return subprocess.run(argv, check=True, capture_output=True, text=True).stdout
