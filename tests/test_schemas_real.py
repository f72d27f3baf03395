"""The vendor's own charts against the schemas: what was measured on them."""

import pytest

from builder.build import build
from builder.core.findings import Finding
from builder.workspace import find_overlay
from tests.conftest import Run
from tests.source import Source
from tests.test_real_charts import pytestmark as pytestmark
from tests.test_real_charts import real as real
from tests.test_real_charts import use, versions

ISSUER = """
- target: {kind: WeightsAndBiases}
  patch: |
    - {op: add, path: /spec/values/ingress/issuer, value: {create: true}}
"""


def findings(source: Source, name: str) -> list[Finding]:
    ours = ("unknown-field", "schema", "api-version", "not-checked")
    return [f for f in build(find_overlay(source.root, name)).findings if f.code in ours]


@pytest.mark.parametrize("version", versions("operator-wandb"))
@pytest.mark.parametrize("kubernetes", ["1.30", "1.34"])
def test_nothing_of_the_guide_is_unknown(
    real: Source, run: Run, version: str, kubernetes: str
) -> None:
    use(real, run, version)
    name = real.overlay(
        "newer", "resources: [../guide]\n", f'extends: guide\nkubernetes: "{kubernetes}"\n'
    )
    assert findings(real, name) == []


@pytest.mark.parametrize("version", versions("operator"))
def test_nothing_of_the_operator_is_unknown(real: Source, run: Run, version: str) -> None:
    use(real, run, versions("operator-wandb")[0], version)
    assert findings(real, "guide") == []


@pytest.mark.parametrize("version", versions("operator-wandb"))
def test_a_certificate_for_no_host_is_found(real: Source, run: Run, version: str) -> None:
    """With an issuer the platform's chart names the hosts of TLS by a field that is none."""
    use(real, run, version)
    name = real.overlay("acme", f"resources: [../guide]\npatches:{ISSUER}", "extends: guide\n")
    [finding] = [f for f in findings(real, name) if f.code == "unknown-field"]
    assert (finding.severity, finding.subject) == ("warning", "host")
    assert finding.place.endswith("/spec/tls/0/host (operator-wandb/templates/ingress.yaml)")
    assert finding.hint.startswith("did you mean hosts?")
