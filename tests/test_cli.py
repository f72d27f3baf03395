"""The command line: what is printed where, and the exit codes."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from builder import __version__
from builder.tools import helm, kustomize
from tests.conftest import Refused, Run
from tests.processes import has_ended
from tests.source import Source, snapshot

SEALIFT = [sys.executable, "-m", "builder"]


def program(folder: Path, name: str, text: str) -> Path:
    """A program that stands in for an outside tool."""
    path = folder / name
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


@pytest.mark.parametrize("option", ["--help", "-h"])
def test_help_names_the_commands_and_the_exit_codes(run: Run, option: str) -> None:
    result = run(option)
    assert (result.code, result.err) == (0, "")
    for command in ("vendor", "build", "publish", "images", "explain"):
        assert f"  {command} " in result.out
    assert "Exit codes: 0 fine; 1 findings" in result.out


def test_help_cuts_no_summary(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    out = run("--help").out
    listed = out.partition("Commands:\n")[2].partition("\n\n")[0].splitlines()
    assert len(listed) > 5
    assert [line for line in listed if line.endswith("...")] == []


def test_version(run: Run) -> None:
    assert run("--version") == (0, f"sealift {__version__}\n", "")


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["build"], "name environments, or give --all"),
        (["images"], "Missing argument 'ENV'"),
        (["build", "example", "--nope"], "No such option: --nope"),
        (["images", "example", "more"], "Got unexpected extra argument"),
        (["bild", "example"], "No such command 'bild'"),
        (["images", "example", "-o", "xml"], "'xml' is not one of 'table', 'list', 'json'"),
        (["build", "example", "--root"], "Option '--root' requires an argument"),
        (["--nope"], "No such option: --nope"),
        (["explain", "example"], "Missing argument 'SUBJECT'"),
    ],
)
def test_wrong_usage(run: Run, argv: list[str], said: str) -> None:
    result = run(*argv)
    assert (result.code, result.out) == (2, "")
    assert said in result.err
    assert "Traceback" not in result.err


def test_without_a_command_it_shows_the_help(run: Run) -> None:
    result = run()
    assert result.code == 2
    assert "Usage: sealift" in result.out + result.err


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys; from builder.cli import main; main(['--help']);"
        "print([m for m in ('yaml', 'msgspec', 'git', 'jsonpatch', 'jsonschema_rs', 'pydantic',"
        " 'cryptography', 'rich', 'tempfile') if m in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr == "[]\n"


@pytest.mark.parametrize("form", ["table", "list", "json"])
@pytest.mark.parametrize(("env", "code"), [("example", 0), ("guide", 1)])
def test_images_prints_to_standard_output_alone(
    source: Source, run: Run, form: str, env: str, code: int
) -> None:
    result = run("images", env, "-o", form)
    assert (result.code, result.err) == (code, "")
    assert "/console:2.12.2" in result.out


def test_images_as_a_list_names_each_once(source: Source, run: Run) -> None:
    lines = run("images", "example", "-o", "list").out.splitlines()
    assert lines == sorted(set(lines))
    assert all(line.startswith("registry.yourdomain.com/") for line in lines)


def test_images_as_json_tells_where_each_hides(source: Source, run: Run) -> None:
    images = json.loads(run("images", "guide", "-o", "json").out)
    [redis] = [i for i in images if "bitnami/redis" in i["image"]]
    assert redis["verdict"] == "outside"
    assert redis["source"] == "operator-wandb-0.28.0"
    assert redis["template"].startswith("operator-wandb/charts/redis/templates/")
    assert [i["hooks"] for i in images if i["image"].startswith("alpine/k8s")] == [
        ["post-upgrade"],
        ["pre-upgrade"],
    ]


def test_images_as_a_table_says_what_lies_outside(source: Source, run: Run) -> None:
    out = run("images", "guide").out
    assert out.splitlines()[0].split() == ["IMAGE", "LIES", "RESOURCE", "PLACE", "FROM"]
    [line] = [line for line in out.splitlines() if line.startswith("python:")]
    assert "outside" in line
    assert "test hook" in line


def test_explain_an_image(source: Source, run: Run) -> None:
    result = run("explain", "example", "registry.yourdomain.com/console:2.12.2")
    assert result.code == 0
    assert "WeightsAndBiases/wandb/wandb" in result.out
    assert "operator-wandb-0.28.0" in result.out


def test_explain_a_patched_path(source: Source, run: Run) -> None:
    result = run("explain", "example", "WeightsAndBiases/wandb#/spec/chart/url", "--json")
    [place] = json.loads(result.out)
    assert result.code == 0
    assert [patch["op"] for patch in place["patches"]] == ["replace"]
    assert place["patches"][0]["place"].startswith("overlays/example/patches/airgap.yaml:")


def test_explain_never_shows_a_secret(source: Source, run: Run) -> None:
    source.overlay("more", "resources: [../example, secret.yaml]\n")
    source.write("overlays/more/secret.yaml", "apiVersion: v1\nkind: Secret\n"
                 "metadata: {name: s}\nstringData: {password: hunter2}\n")  # fmt: skip
    result = run("explain", "more", "Secret/s#/stringData/password")
    assert result.code == 0
    assert "hunter2" not in result.out


def test_explain_what_is_not_there(source: Source, refused: Refused) -> None:
    said = refused("explain", "example", "registry.yourdomain.com/consol:2.12.3")
    assert "nothing in example is, or names" in said
    assert "did you mean registry.yourdomain.com/console:2.12.2?" in said


def test_no_helm(
    source: Source, refused: Refused, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "home"))
    said = refused("build", "example", code=3)
    assert "error: " in said
    assert "hint: " in said
    assert "helm" in said or "kustomize" in said


@pytest.mark.parametrize("command", ["publish", "diff"])
def test_no_git(source: Source, command: str) -> None:
    settings = {"SEALIFT_HELM": helm.find()[0], "SEALIFT_KUSTOMIZE": kustomize.find()[0][0]}
    done = subprocess.run(
        [*SEALIFT, command, "example", "--repository", "gitops.git"],
        env={**os.environ, **settings, "PATH": str(source.root)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 3
    assert done.stderr == (
        "error: git is not on PATH\nhint: install Git, or add its folder to PATH\n"
    )


@pytest.mark.parametrize("setting", ["SEALIFT_HELM", "SEALIFT_KUSTOMIZE"])
def test_a_setting_that_names_nothing(
    source: Source, refused: Refused, monkeypatch: pytest.MonkeyPatch, setting: str
) -> None:
    monkeypatch.setenv(setting, "/nowhere/tool")
    said = refused("build", "example", code=3)
    assert "/nowhere/tool" in said


@pytest.mark.parametrize(
    ("setting", "version", "said"),
    [
        ("SEALIFT_KUSTOMIZE", "v5.0.0", "no kustomize 5.6 or newer ({path} has v5.0.0)"),
        ("SEALIFT_KUSTOMIZE", "{Version:kustomize/v4.5.7}", "has {Version:kustomize/v4.5.7}"),
        ("SEALIFT_HELM", "v3.13.0", "helm v3.13.0 at {path} does not fit"),
        ("SEALIFT_HELM", "v4.0.1", "helm v4.0.1 at {path} does not fit"),
        ("SEALIFT_HELM", "", "helm  at {path} does not fit"),
    ],
)
def test_a_tool_of_another_version(
    source: Source,
    refused: Refused,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    setting: str,
    version: str,
    said: str,
) -> None:
    path = program(tmp_path, "tool", f"echo '{version}'")
    monkeypatch.setenv(setting, str(path))
    message = refused("build", "example", code=3)
    assert said.replace("{path}", str(path)) in message
    assert f"in {setting}" in message


def test_a_bug_is_a_log_and_exit_code_4(
    source: Source, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr("builder.fleet.work.build", broken)
    result = run("build", "example")
    assert (result.code, result.out) == (4, "")
    assert result.err.startswith("error: ZeroDivisionError: a bug in sealift\nhint: ")
    log = Path(result.err.split()[-1])
    assert 'raise ZeroDivisionError("a bug")' in log.read_text()
    log.unlink()


@pytest.mark.parametrize("form", ["table", "json"])
def test_a_reader_that_has_seen_enough(source: Source, form: str) -> None:
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [*SEALIFT, "images", "example", "-o", form], stdout=write, stderr=subprocess.PIPE, text=True
    )
    os.close(write)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_full_disk_is_not_a_bug(source: Source, scratch: Path) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [*SEALIFT, "images", "example"], stdout=full, stderr=subprocess.PIPE, text=True
        )
    for log in scratch.glob("*.log"):
        log.unlink()
    assert done.returncode == 3
    assert "No space left on device" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_interrupt_ends_the_tools_too(
    source: Source, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = program(
        tmp_path, "helm", f"case $1 in version) echo v3.22.0;; *) echo $$ > {tmp_path}/pid;"
        f" exec sleep 600;; esac",
    )  # fmt: skip
    monkeypatch.setenv("SEALIFT_HELM", str(slow))
    before = snapshot(source.root)
    with subprocess.Popen([*SEALIFT, "build", "example"], stderr=subprocess.PIPE) as process:
        while not (tmp_path / "pid").is_file() or not (tmp_path / "pid").read_text():
            assert process.poll() is None
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        _, stderr = process.communicate()
    assert process.returncode == 130
    assert b"Traceback" not in stderr
    assert snapshot(source.root) == before
    assert has_ended(int((tmp_path / "pid").read_text()))


def test_an_output_folder_that_cannot_be_made(source: Source, run: Run) -> None:
    source.write("out", "a file")
    result = run("build", "example", "-o", "out")
    assert result.code in (2, 3)
    assert "out" in result.err
    assert "bug" not in result.err
