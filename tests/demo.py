"""The main job as a demonstration: what leaks, the patches, the closed build, the commit.

Runs without network on the stand-in charts. Everything stays in the folder that is given.
"""

import shutil
import subprocess
import sys
import time
from pathlib import Path

from builder.cli import main

HERE = Path(__file__).resolve().parent


def title(text: str) -> None:
    """Print a headline."""
    print(f"\n\033[1m# {text}\033[0m" if sys.stdout.isatty() else f"\n# {text}", flush=True)


def sealift(*argv: object) -> int:
    """Show a command, run it, and return its exit code."""
    print("$ sealift " + " ".join(map(str, argv[: _shown(argv)])), flush=True)
    code = main([str(argument) for argument in argv])
    sys.stdout.flush()
    return code


def _shown(argv: tuple[object, ...]) -> int:
    """Leave out --root: the demonstration runs on a copy, which its reader does not."""
    return argv.index("--root") if "--root" in argv else len(argv)


def git(repository: Path, *argv: str) -> str:
    """Run git and return what it prints."""
    command = ["git", "-C", str(repository), *argv]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def _unpatch(overlay: Path) -> None:
    """Take the patches away that the repository holds: the demonstration shows how they come."""
    shutil.rmtree(overlay / "patches")
    path = overlay / "kustomization.yaml"
    path.write_text(path.read_text().partition("transformers:")[0])


def demonstrate(folder: Path) -> int:
    """Run the demonstration in ``folder``; return 0 when every step ended as it should."""
    shutil.rmtree(folder, ignore_errors=True)
    source, repository = folder / "source", folder / "gitops.git"
    for name in ("base", "overlays"):
        ignored = shutil.ignore_patterns("charts", "charts.lock.yaml")
        shutil.copytree(HERE.parent / name, source / name, ignore=ignored)
    _unpatch(source / "overlays" / "example")
    git(HERE, "init", "--quiet", "--bare", "--initial-branch=main", str(repository.resolve()))
    charts = (HERE / "charts").relative_to(Path.cwd())
    root = ("--root", source)

    title("The charts, brought into the repository (here stand-ins, offline)")
    codes = [sealift("vendor", "wandb", "--from", charts, *root)]
    title("The vendor's guide as it stands: every image that the cluster would pull")
    codes += [1 - sealift("images", "guide", *root)]
    title("The credentials, by reference: each proven by a render")
    codes += [sealift("secrets", "example", "--write", *root)]
    title("The patches that point all of it inside: traced, solved, written")
    codes += [sealift("airgap", "example", *root)]
    title("The same, closed")
    codes += [sealift("build", "example", "-o", folder / "bundle", *root)]
    title("Published: one commit, and none when nothing changed")
    codes += [sealift("publish", "example", "--repository", repository, *root) for _ in range(2)]
    title(f"The tree of the bundle in {repository}")
    print(git(repository, "ls-tree", "-r", "--name-only", "main"), end="")
    return int(any(codes))


if __name__ == "__main__":
    started = time.monotonic()
    outcome = demonstrate(Path(sys.argv[1]))
    print(f"\n{'done' if outcome == 0 else 'FAILED'} in {time.monotonic() - started:.1f} s")
    sys.exit(outcome)
