"""``sealift doctor`` as a whole: what ends one group's checks ends no other's."""

import json

import pytest

from tests.conftest import Run
from tests.source import Source

POD = """\
apiVersion: v1
kind: Pod
metadata: {name: app, namespace: app}
spec: {containers: [{name: app, image: "127.0.0.1:9/m/acme/app:2.0"}]}
"""


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        (
            {"SEALIFT_REGISTRY_USERNAME": "u", "SEALIFT_REGISTRY_PASSWORD": "hunter2"},
            "SEALIFT_REGISTRY_PASSWORD is set, but nothing says for which host",
        ),
        ({"SEALIFT_CA_FILE": "/nowhere/ca.pem"}, "/nowhere/ca.pem holds no certificates"),
    ],
    ids=["unbound", "no authority"],
)
def test_a_setting_that_is_wrong_is_a_failure_among_others(
    source: Source,
    run: Run,
    monkeypatch: pytest.MonkeyPatch,
    variables: dict[str, str],
    said: str,
) -> None:
    source.write("base/plain/base.yaml", "charts: []\n")
    source.write("overlays/site/pod.yaml", POD)
    environment = 'base: plain\nkubernetes: "1.30"\nregistry: {prefix: "127.0.0.1:9/m"}\n'
    source.overlay("site", "resources: [pod.yaml]\n", environment)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    result = run("doctor", "site", "-o", "json")
    assert result.code == 1, result
    checks = json.loads(result.out)["checks"]
    (failed,) = [check for check in checks if check["state"] == "failure"]
    assert failed["group"] == "registry"
    assert said in failed["detail"]
    assert {check["group"] for check in checks if check["state"] == "ok"} == {"tools", "build"}
    assert "hunter2" not in result.out
