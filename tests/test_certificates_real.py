"""Certificates in the vendor's own charts, where they are at hand: SEALIFT_CHARTS names them."""

import pytest

from builder.render import render
from builder.workspace import find_overlay
from tests.authorities import authority
from tests.conftest import Run
from tests.source import Source
from tests.test_certificates import applied, built, codes, naming, trusting, wanted
from tests.test_real_charts import pytestmark as needs_charts
from tests.test_real_charts import real, use, versions

pytestmark = needs_charts
__all__ = ["real"]

ROOT = authority()
OTHER = authority("Other Root")
SUBJECTS = ["CN=Corp Root", "CN=Other Root"]
OPERATORS = versions("operator")
PLATFORMS = versions("operator-wandb")
BASE = "base/wandb/base.yaml"


def refusals(source: Source, environment: str = "example") -> list[tuple[str, str]]:
    """What is said of certificates."""
    found = codes(built(source, environment))
    return [(code, subject) for code, subject in found if code.startswith("certificate-")]


@pytest.mark.parametrize("operator", OPERATORS)
@pytest.mark.parametrize("platform", PLATFORMS)
def test_platform_and_operator_trust_them(
    real: Source, run: Run, platform: str, operator: str
) -> None:
    use(real, run, platform, operator)
    naming(real, ROOT.pem, OTHER.pem)
    assert ("certificate-not-trusted", f"operator-wandb-{platform}") in refusals(real)
    assert run("airgap", "example").code in (0, 1)
    assert refusals(real) == []
    after = built(real)
    assert trusting(after) == (SUBJECTS, SUBJECTS)
    assert after.nested[0].chart.values["global"]["customCACerts"] == [ROOT.pem, OTHER.pem]


def without_namespace(bodies: object) -> object:
    """Resources as kustomize leaves them, which does not know where helm would install."""
    return {
        (key.kind, key.name): {
            **body, "metadata": {k: v for k, v in body["metadata"].items() if k != "namespace"}
        }
        for key, body in bodies.items()  # type: ignore[attr-defined]
    }  # fmt: skip


@pytest.mark.parametrize("operator", OPERATORS)
@pytest.mark.parametrize("authorities", [(ROOT,), (ROOT, OTHER)])
def test_patches_make_what_the_value_would_have_made(
    real: Source, run: Run, operator: str, authorities: object
) -> None:
    use(real, run, PLATFORMS[0], operator)
    naming(real, *(a.pem for a in authorities), environment="guide")  # type: ignore[attr-defined]
    found = applied(real, "guide")
    expected = wanted(real, *authorities)  # type: ignore[misc]
    assert without_namespace(found) == without_namespace(expected)
    [held] = [key for key in found if key.kind == "ConfigMap"]
    assert (held.namespace, held.name) == ("wandb", "wandb-ca-certs")


@pytest.mark.parametrize("operator", OPERATORS)
def test_an_environment_that_extends_another_replaces_them(
    real: Source, run: Run, operator: str
) -> None:
    use(real, run, PLATFORMS[-1], operator)
    naming(real, ROOT.pem, OTHER.pem, authority("Third Root").pem)
    assert run("airgap", "example").code in (0, 1)
    fourth = authority("Fourth Root")
    real.write("pki/edge.pem", fourth.pem)
    own = "extends: example\ncertificates: [pki/edge.pem]\n"
    real.overlay("edge", "resources: [../example]\n", own)
    assert run("airgap", "edge").code in (0, 1)
    after = built(real, "edge")
    assert refusals(real, "edge") == []
    assert trusting(after) == (["CN=Fourth Root"], ["CN=Fourth Root"])
    expected = wanted(real, fourth)
    deployment = next(r for r in after.manifests if r.id.kind == "Deployment")
    spec = expected[deployment.id]["spec"]["template"]["spec"]
    mounts = deployment.body["spec"]["template"]["spec"]["containers"][0]["volumeMounts"]
    assert mounts == spec["containers"][0]["volumeMounts"]
    assert run("airgap", "edge", "--check").code in (0, 1)
    assert "airgap-stale" not in dict(codes(built(real, "edge")))


@pytest.mark.parametrize("operator", [v for v in OPERATORS if v != "1.3.3"])
@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_config_map_where_the_version_takes_one(
    real: Source, run: Run, platform: str, operator: str
) -> None:
    use(real, run, platform, operator)
    real.edit(BASE, "      pem: /global/customCACerts\n", "")
    real.edit(BASE, "    pem: /customCACerts\n", "")
    naming(real, ROOT.pem, OTHER.pem)
    code = run("airgap", "example").code
    if platform in ("0.17.0", "0.18.0"):
        assert code == 1
        assert refusals(real) == [("certificate-not-trusted", f"operator-wandb-{platform}")]
        return
    assert refusals(real) == []
    assert trusting(built(real)) == (SUBJECTS, SUBJECTS)
    names = {r.id.name for r in render(find_overlay(real.root, "example")).manifests}
    assert {"operator-trusted-certificates", "wandb-trusted-certificates"} <= names
