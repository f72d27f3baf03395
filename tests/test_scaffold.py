"""``sealift init``: answers, and folders that are in use."""

import io
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from builder import editors
from builder.core import scaffold
from builder.scaffold import packed, questions
from builder.scaffold.writing import write_together
from tests.conftest import REPOSITORY, Refused, Run
from tests.scaffolds import REGISTRY, bare, init, made, options
from tests.source import snapshot

__all__ = ["made"]
ENVIRONMENT = "overlays/prod/environment.yaml"


def test_what_is_asked_gives_what_options_give(
    made: Path, tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Answers that cannot be are asked for again; an empty line takes the default."""
    other = tmp_path / "asked" / "platform"
    lines = [
        "Prod!", "prod", "https://registry", REGISTRY, "", "charts", "https://charts.corp.example",
        "wandb.corp.example", "traefik", "1.3", "1.30",
        "https://git.corp.example/platform/gitops.git", "", "helm", "flux", "", "a b", "", "",
    ]  # fmt: skip
    monkeypatch.setattr(sys, "stdin", io.StringIO("\n".join([*lines, ""])))
    given = run("init", str(other), "--forge", "gitea")
    assert given.code == 0, given.err
    for wrong in ("'Prod!' is not", "'https://registry' is not", "'charts' is not",
                  "wandb needs Kubernetes", "'helm' is not one of argocd, flux, none",
                  "answer for 'bucket'"):  # fmt: skip
        assert wrong in given.err
    assert snapshot(other) == snapshot(made)


@pytest.mark.parametrize(
    ("kind", "file"), [("environment", ENVIRONMENT), ("base", "base/wandb/base.yaml")]
)
def test_an_editor_finds_the_schema(made: Path, run: Run, kind: str, file: str) -> None:
    path = made / file
    first = path.read_text().partition("\n")[0]
    named = path.parent / first.removeprefix("# yaml-language-server: $schema=")
    assert named.resolve() == made / ".sealift" / f"{kind}.schema.json"
    assert named.read_text() == editors.text(kind)
    named.write_text("{}")  # of another version
    assert run(*init(made)).code == 0
    assert named.read_text() == editors.text(kind)


def test_nobody_to_ask(tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(""))
    result = run("init", str(tmp_path / "platform"))
    assert (result.code, result.out) == (2, "")
    assert "there is nobody to ask" in result.err
    assert "--yes" in result.err
    assert not (tmp_path / "platform").exists()


def test_all_that_is_missing_is_said_at_once(tmp_path: Path, refused: Refused) -> None:
    said = refused("init", str(tmp_path / "p"), "--yes", "--name", "prod", "--host", "a.example")
    assert "nothing says --registry, --chart-repository, --kubernetes, --repository" in said
    assert not (tmp_path / "p").exists()


WRONG = {
    "registry": ("https://registry.corp.example", "is not a registry"),
    "chart_repository": ("charts.corp.example", "is not a URL"),
    "host": ("https://wandb.corp.example", "is not a host"),
    "kubernetes": ("1.20", "wandb needs Kubernetes 1.28 or newer"),
    "ingress_class": ("Nginx Ingress", "is not a name"),
    "repository": ("https://me:secret@git.corp.example/x.git", "holds credentials"),
}


def test_all_that_is_wrong_is_said_at_once(tmp_path: Path, refused: Refused) -> None:
    said = refused(*init(tmp_path / "p", **{name: value for name, (value, _) in WRONG.items()}))
    for name, (_, what) in WRONG.items():
        assert f"--{name.replace('_', '-')}: " in said
        assert what in said
    assert "secret" not in said
    assert not (tmp_path / "p").exists()


@pytest.mark.parametrize(
    ("options_", "what"),
    [
        (["--set", "bucket"], "is not NAME=VALUE"),
        (["--set", "buckets=a"], "wandb asks for no 'buckets'"),
        (["--set", "bucket_provider=ftp"], "bucket_provider"),
        (["--base", "wandbb"], "did you mean 'wandb'?"),
        (["--name", "Prod"], "'Prod' is not the name of an environment"),
    ],
)
def test_other_answers_that_cannot_be(
    tmp_path: Path, refused: Refused, options_: list[str], what: str
) -> None:
    assert what in refused(*init(tmp_path / "p"), *options_)
    assert not (tmp_path / "p").exists()


def test_a_folder_as_repository_has_to_be_one(tmp_path: Path, run: Run, refused: Refused) -> None:
    path = tmp_path / "gitops.git"
    assert "there is no folder" in refused(*init(tmp_path / "p", repository=str(path)))
    path.mkdir()
    assert "is no Git repository" in refused(*init(tmp_path / "p", repository=str(path)))
    bare(path)
    assert run(*init(tmp_path / "p", repository=str(path), forge=None)).code == 0
    value = yaml.safe_load((tmp_path / "p" / ENVIRONMENT).read_text())
    assert value["publish"] == {"repository": str(path)}
    assert not (tmp_path / "p" / ".ci").exists()


def test_what_does_not_answer_is_a_note(tmp_path: Path, run: Run) -> None:
    """Both are names that nothing has: no way out of a test."""
    result = run(*init(tmp_path / "p"), "--check")
    assert result.code == 0
    assert result.err.count("note: not confirmed: ") == 2


def test_a_foreign_folder_is_left_alone(tmp_path: Path, refused: Refused) -> None:
    folder = tmp_path / "papers"
    folder.mkdir()
    (folder / "diary.txt").write_text("mine")
    before = snapshot(folder)
    assert "is not empty, and no Git repository: it has diary.txt" in refused(*init(folder))
    assert snapshot(folder) == before


def test_a_repository_that_was_just_made(tmp_path: Path, run: Run) -> None:
    folder = tmp_path / "platform"
    subprocess.run(["git", "init", "--quiet", str(folder)], check=True)
    (folder / "README.md").write_text("# Ours\n")
    result = run(*init(folder))
    assert result.code == 0
    assert "left alone, it is yours: README.md" in result.out
    assert (folder / "README.md").read_text() == "# Ours\n"
    assert "README.md" not in run("init", str(folder), "--yes").out.replace("yours: README.md", "")


def test_a_file_in_the_way(tmp_path: Path, refused: Refused) -> None:
    folder = tmp_path / "platform"
    subprocess.run(["git", "init", "--quiet", str(folder)], check=True)
    (folder / "base" / "wandb").mkdir(parents=True)
    (folder / "base" / "wandb" / "base.yaml").write_text("charts: []\n")
    before = snapshot(folder)
    assert "did not write base/wandb/base.yaml" in refused(*init(folder))
    assert snapshot(folder) == before


def test_a_link_that_leads_out(tmp_path: Path, refused: Refused) -> None:
    folder = tmp_path / "platform"
    subprocess.run(["git", "init", "--quiet", str(folder)], check=True)
    (tmp_path / "elsewhere").mkdir()
    (folder / "overlays").symlink_to(tmp_path / "elsewhere")
    assert "leads out of the source repository" in refused(*init(folder))
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_an_interrupt_leaves_nothing(tmp_path: Path) -> None:
    """Real: the process waits for an answer when it comes."""
    folder = tmp_path / "platform"
    process = subprocess.Popen(
        [sys.executable, "-m", "builder", "init", str(folder)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)}, text=True,
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stderr is not None
    process.stdin.write("prod\n")
    process.stdin.flush()
    asked = ""
    while "Registry inside" not in asked:
        asked += process.stderr.read(1)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "interrupted" in err
    assert not folder.exists()


def test_what_cannot_be_written_whole_is_not_written(tmp_path: Path) -> None:
    """A folder stands where the last file would: the others are as they were."""
    (tmp_path / "a.txt").write_text("old")
    (tmp_path / "gone.txt").write_text("old")
    (tmp_path / "z").mkdir()
    before = snapshot(tmp_path)
    with pytest.raises(OSError, match="z"):
        write_together(
            tmp_path, {"a.txt": b"new", "gone.txt": None, "new/deep/b.txt": b"new", "z": b"new"}
        )
    assert snapshot(tmp_path) == before


@pytest.mark.parametrize("name", ["file", "file/below"])
def test_what_is_no_folder(tmp_path: Path, refused: Refused, name: str) -> None:
    (tmp_path / "file").write_text("")
    assert "file: is no folder" in refused(*init(tmp_path / name))


def test_a_read_only_folder(tmp_path: Path) -> None:
    setpriv = shutil.which("setpriv")
    if os.geteuid() == 0 and setpriv is None:
        pytest.skip("root may write anywhere, and there is no setpriv to take that away")
    folder = tmp_path / "platform"
    folder.mkdir()
    folder.chmod(0o555)
    less = [str(setpriv), "--bounding-set=-dac_override", "--inh-caps=-dac_override"]
    argv = [*(less if os.geteuid() == 0 else []), sys.executable, "-m", "builder", *init(folder)]
    done = subprocess.run(
        argv, capture_output=True, text=True, cwd=REPOSITORY,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
    )  # fmt: skip
    folder.chmod(0o755)
    assert done.returncode == 3, done.stderr
    assert "Permission denied" in done.stderr
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("forge", scaffold.choices("forge"))
def test_the_ci_of_each_forge(tmp_path: Path, run: Run, forge: str) -> None:
    folder = tmp_path / "platform"
    assert run(*init(folder, forge=forge)).code == 0
    pipelines = [p for p in folder.rglob("*.yml") if p.relative_to(folder).parts[0][0] == "."]
    assert len(pipelines) == (forge != "none")
    for path in pipelines:
        text = path.read_text()
        assert yaml.safe_load(text)
        assert "example.com" not in text
        assert "[prod]" in text
        assert f"{REGISTRY}/tools/sealift:" in text
    settings = yaml.safe_load((folder / ENVIRONMENT).read_text())["publish"]
    kind = {"forgejo": "gitea"}.get(forge, forge)
    assert settings.get("forge") == (None if forge == "none" else {"kind": kind})


@pytest.mark.parametrize("base", packed.bases())
def test_what_stands_for_something_else_is_in_the_base(base: str) -> None:
    """`replaced.yaml` names texts that the base has; the base itself is that of the repository."""
    texts = yaml.safe_load((packed.TEMPLATES / base / "replaced.yaml").read_text())
    for file, pairs in texts.items():
        for old, new in pairs.items():
            assert old in (REPOSITORY / "base" / base / file).read_text()
            assert new in packed.base_files(base)[file]
    assert {f"base/{base}/{name}" for name in packed.base_files(base)} == set(
        subprocess.run(
            ["git", "ls-files", f"base/{base}"], cwd=REPOSITORY, check=True, capture_output=True,
            text=True,
        ).stdout.split()
    )  # fmt: skip


def test_every_question_is_an_option(run: Run) -> None:
    text = run("init", "--help").out
    assert {question.option for question in questions.QUESTIONS} <= set(text.split())
    assert set(options()[::2]) <= set(text.split())
