"""Charts, brought to where controllers fetch them."""

import errno
import os
import shutil
from hashlib import sha256
from pathlib import Path

import pytest
import yaml

from builder.build import Build, build
from builder.core.errors import ConfigurationError, ToolError
from builder.mirror.charts import ChartStep, Store, chart_steps, copy_chart, open_store
from builder.registries import Registries
from builder.tools import helm
from builder.tools.charts import Login
from builder.workspace import find_overlay
from tests.conftest import Run
from tests.mirror_site import PASSWORD, USER
from tests.servers.chart_repository import chart_repository
from tests.servers.registry import registry
from tests.source import Source

LOGIN = Login(username=USER, password=PASSWORD)
CHART = ("operator-wandb", "0.28.0")


def built(source: Source, run: Run, url: str = "http://charts.yourdomain.com") -> Build:
    """The example, with its chart repository elsewhere."""
    name = "overlays/guide/environment.yaml"
    source.write(name, source.read(name).replace("http://charts.yourdomain.com", url))
    source.write(
        "overlays/example/environment.yaml",
        source.read("overlays/example/environment.yaml") + f"allowedHosts: ['{url[7:]}']\n",
    )
    run("airgap", "example")
    return build(find_overlay(source.root, "example"))


def store(place: str, registries: Registries | None = None, login: Login = LOGIN) -> Store:
    opened = open_store(place, registries or Registries("r.example.com"), login, url=None)
    assert opened is not None
    return opened


def only(found: Build, to: Store) -> ChartStep:
    """The one chart that the cluster fetches."""
    (step,), findings = chart_steps(found, to, ask=True)
    assert findings == []
    assert (step.chart.name, step.chart.version) == CHART
    return step


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    folder = tmp_path / "shelf"
    folder.mkdir()
    return folder


def test_an_http_repository_takes_it_once(source: Source, run: Run, shelf: Path) -> None:
    with chart_repository(shelf, username=USER, password=PASSWORD) as site:
        found, to = built(source, run, site.url), store(site.url)
        step = only(found, to)
        assert step.state == "copy"
        copy_chart(step, to, replace=False)
        assert only(found, to).state == "present"
        with pytest.raises(ToolError, match="409"):
            copy_chart(step, to, replace=False)
    assert (shelf / "operator-wandb-0.28.0.tgz").read_bytes() == step.path.read_bytes()


def test_another_archive_of_the_version_is_replaced_by_force(
    source: Source, run: Run, shelf: Path
) -> None:
    other = source.path("base/wandb/charts/operator-wandb-0.28.0.tgz").read_bytes()
    with chart_repository(shelf, username=USER, password=PASSWORD) as site:
        found, to = built(source, run, site.url), store(site.url)
        (shelf / "operator-wandb-0.28.0.tgz").write_bytes(other + b"\n")
        step = only(found, to)
        assert step.state == "replace"
        copy_chart(step, to, replace=True)
        assert only(found, to).state == "present"


def test_a_repository_without_uploads_says_what_to_do(
    source: Source, run: Run, shelf: Path
) -> None:
    with chart_repository(shelf, uploads=False) as site:
        found, to = built(source, run, site.url), store(site.url)
        with pytest.raises(ToolError, match="405") as caught:
            copy_chart(only(found, to), to, replace=False)
    assert "--charts-to" in (caught.value.hint or "")


def test_a_wrong_password_is_a_finding_without_it(source: Source, run: Run, shelf: Path) -> None:
    with chart_repository(shelf, username=USER, password=PASSWORD) as site:
        found = built(source, run, site.url)
        to = store(site.url, login=Login(username=USER, password="wrong-secret"))
        steps, (finding,) = chart_steps(found, to, ask=True)
    assert steps == []
    assert "401" in finding.cause
    assert "wrong-secret" not in repr(finding)


@pytest.mark.usefixtures("needs_registry")
def test_an_oci_registry_holds_what_helm_pulls(source: Source, run: Run, tmp_path: Path) -> None:
    found = built(source, run)
    with (
        registry(tmp_path / "registry") as site,
        Registries("r.example.com", plain_http=(site.host,)) as registries,
    ):
        to = store(f"oci://{site.host}/charts", registries)
        step = only(found, to)
        assert step.state == "copy"
        copy_chart(step, to, replace=False)
        assert to.digest(*CHART) == step.chart.sha256
        pulled = helm.pull_oci(
            f"oci://{site.host}/charts/{CHART[0]}", CHART[1], tmp_path, plain_http=True
        )
        assert pulled.read_bytes() == step.path.read_bytes()


def test_a_folder_has_an_index_for_any_web_server(
    source: Source, run: Run, shelf: Path, tmp_path: Path
) -> None:
    found, to = built(source, run), store(str(shelf))
    step = only(found, to)
    copy_chart(step, to, replace=False)
    assert only(found, to).state == "present"
    index = yaml.safe_load((shelf / "index.yaml").read_text())
    (entry,) = index["entries"]["operator-wandb"]
    assert entry["urls"] == ["operator-wandb-0.28.0.tgz"]
    assert f"sha256:{entry['digest']}" == step.chart.sha256
    # Written again, it is the same: no time of day is in it.
    again = tmp_path / "again"
    shutil.copytree(shelf, again)
    store(str(again)).put(step.path.read_bytes(), replace=False)
    assert (again / "index.yaml").read_text() == (shelf / "index.yaml").read_text()


def test_a_chart_that_the_index_of_a_folder_does_not_have(tmp_path: Path) -> None:
    """The name of another ends in its own."""
    (tmp_path / "app-1.0.0.tgz").write_bytes(b"x")
    listed = {"my-app": [{"version": "1.0.0", "urls": ["my-app-1.0.0.tgz"]}]}
    index = tmp_path / "index.yaml"
    index.write_text(yaml.safe_dump({"entries": listed}))
    assert store(str(tmp_path)).digest("app", "1.0.0") is None
    listed["app"] = [{"version": "1.0.0", "urls": ["https://x.example/app-1.0.0.tgz"]}]
    index.write_text(yaml.safe_dump({"entries": listed}))
    assert store(str(tmp_path)).digest("app", "1.0.0") == f"sha256:{sha256(b'x').hexdigest()}"
    for odd in ("[]", "entries: []", "entries: {app: [1, {}]}", ""):
        index.write_text(odd)
        assert store(str(tmp_path)).digest("app", "1.0.0") is None


def test_a_folder_on_a_full_disk_is_named(
    source: Source, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    step = only(built(source, run), store(str(tmp_path)))

    def full(*_: object) -> Path:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(ToolError) as caught:
        copy_chart(step, store(str(tmp_path)), replace=False)
    path = tmp_path / "operator-wandb-0.28.0.tgz"
    assert caught.value.what == f"{path} cannot be written: No space left on device"
    assert "make room" in str(caught.value.hint)
    assert not list(tmp_path.glob(".operator*"))


def test_a_url_with_credentials_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="holds credentials"):
        store("https://robot:secret@charts.example.com")
