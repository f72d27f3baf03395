"""``--server`` without a cluster that could tell; tests/cluster has one that can."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from builder.tools import kubectl
from tests.conftest import Refused, Run
from tests.servers.kubernetes import Kubernetes, kubernetes
from tests.servers.tls import certificate_authority
from tests.source import Source


@pytest.fixture
def api(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kubernetes]:
    """An API that is only read."""
    with kubernetes(tmp_path / "kube", certificate_authority(tmp_path / "ca")) as api:
        yield api


@pytest.fixture
def env(source: Source) -> str:
    source.write(
        "overlays/one/app.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: app}\ndata: {a: b}\n"
        "---\napiVersion: g.example/v1\nkind: App\nmetadata: {name: a, namespace: app}\n",
    )
    environment = 'base: wandb\nkubernetes: "1.30"\nregistry: {prefix: registry.yourdomain.com}\n'
    return source.overlay("one", "resources: [app.yaml]\n", environment)


def test_a_cluster_has_to_be_named(refused: Refused) -> None:
    said = refused("build", "example", "--check", "--server")
    assert "no cluster is named" in said
    assert "--kubeconfig" in said


def test_many_environments_have_many_clusters(refused: Refused) -> None:
    assert "one environment" in refused("build", "example", "guide", "--check", "--server")


def test_a_cluster_that_is_not_there_is_an_error(
    refused: Refused, env: str, api: Kubernetes, tmp_path: Path
) -> None:
    config = api.kubeconfig.read_text().replace(api.url, "https://127.0.0.1:1")
    other = tmp_path / "other"
    other.write_text(config)
    said = refused("build", env, "--check", "--server", f"--kubeconfig={other}", code=3)
    assert "connection refused" in said
    assert "is the cluster reachable" in said


def test_a_login_that_is_refused_is_an_error(refused: Refused, env: str, api: Kubernetes) -> None:
    named = (f"--kubeconfig={api.kubeconfig}", "--context=refused")
    said = refused("build", env, "--check", "--server", *named, code=3)
    assert "the kubeconfig's account" in said


def test_a_context_that_is_not_there_is_an_error(
    refused: Refused, env: str, api: Kubernetes
) -> None:
    named = (f"--kubeconfig={api.kubeconfig}", "--context=other")
    assert "other" in refused("build", env, "--check", "--server", *named, code=3)


def test_what_the_api_does_not_serve_is_an_error(run: Run, env: str, api: Kubernetes) -> None:
    result = run("build", env, "--check", "--server", f"--kubeconfig={api.kubeconfig}")
    assert result.code == 1
    assert "error: App (g.example/v1) [not-served]" in result.out
    assert "could not tell" in result.out
    assert "the API server takes 0 resources, refuses 1, could not tell of 1" in result.err


def test_doctor_tries_only_when_it_is_told_to(run: Run, env: str, api: Kubernetes) -> None:
    run("doctor", env, "--only=cluster", f"--kubeconfig={api.kubeconfig}")
    assert {request.method for request in api.requests} == {"GET"}
    result = run("doctor", env, "--only=cluster", f"--kubeconfig={api.kubeconfig}", "--server")
    assert "failure  App/app/a (overlays/one/app.yaml): the API server: no kind" in result.out
    assert "skipped  dry run of ConfigMap/app/a" in result.out


def test_doctor_tries_nothing_on_a_cluster_that_does_not_answer(
    run: Run, env: str, api: Kubernetes
) -> None:
    named = (f"--kubeconfig={api.kubeconfig}", "--context=refused")
    result = run("doctor", env, "--only=cluster", *named, "--server")
    assert "skipped  dry run: the cluster does not answer" in result.out


def test_what_is_tried_stands_in_no_argument_and_no_kubectl_is_left(
    run: Run, env: str, source: Source, api: Kubernetes, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    source.edit("overlays/one/app.yaml", "data: {a: b}", "data: {a: correct-horse}")
    log, program = tmp_path / "log", tmp_path / "kubectl"
    program.write_text(f'#!/bin/sh\necho "$$" "$@" >> {log}\nexec {kubectl.find()} "$@"\n')
    program.chmod(0o755)
    monkeypatch.setenv("SEALIFT_KUBECTL", str(program))
    run("build", env, "--check", "--server", f"--kubeconfig={api.kubeconfig}")
    [line] = log.read_text().splitlines()
    process, *arguments = line.split()
    assert "proxy" in arguments
    assert "horse" not in line
    assert "PATCH" in {request.method for request in api.requests}
    with pytest.raises(ProcessLookupError):
        os.kill(int(process), 0)


def test_a_temporary_folder_with_a_long_name_is_no_trouble(
    run: Run, env: str, api: Kubernetes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A socket's path has to be short."""
    folder = tmp_path / ("x" * 100)
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    result = run("build", env, "--check", "--server", f"--kubeconfig={api.kubeconfig}")
    assert result.code == 1, result.err
