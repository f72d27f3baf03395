"""What is asked of an environment, and what an answer is held against."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec

from builder import schemas, vendor
from builder.core import scaffold, yaml
from builder.core.base import Base
from builder.core.diff.removed_apis import minor
from builder.core.errors import ConfigurationError, SealiftError
from builder.core.scaffold import Answers
from builder.core.section import parse
from builder.scaffold import packed
from builder.tools import forges
from builder.tools.command import CommandError
from builder.tools.git import check_remote, git, local_path, unreachable


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """One answer that is needed: its name, its option, and the words to ask for it."""

    name: str
    option: str
    asks: str
    default: str = ""


QUESTIONS = (
    Question(name="registry", option="--registry",
             asks="Registry inside, and the path below which mirrored images stand"),
    Question(name="mirror_layout", option="--mirror-layout", default="strip-host",
             asks="What the mirror keeps of an image's name"),
    Question(name="chart_repository", option="--chart-repository",
             asks="Chart repository inside, https:// or oci://"),
    Question(name="host", option="--host", asks="Host that people will use"),
    Question(name="ingress_class", option="--ingress-class", default="nginx",
             asks="Ingress class of the cluster"),
    Question(name="kubernetes", option="--kubernetes", asks="Kubernetes version of the cluster"),
    Question(name="repository", option="--repository",
             asks="Git repository that the cluster is synced from, a URL or a folder"),
    Question(name="forge", option="--forge", asks="What hosts the Git repositories"),
    Question(name="engine", option="--engine", asks="What applies the bundle in the cluster"),
)  # fmt: skip


_MAKE = "make one with `git init --bare {}`"
_RENAMED = {field.name: field.encode_name for field in msgspec.structs.fields(Answers)}


def settled(name: str, value: str, base: str) -> str:
    """Return an answer as it is kept; raise ConfigurationError when it cannot be one."""
    wrong = scaffold.problem(name, value)
    if wrong:
        raise ConfigurationError(wrong)
    if name == "repository":
        return _repository(value)
    if name == "kubernetes":
        _check_kubernetes(value, base)
    return value


def _repository(value: str) -> str:
    """Return a repository; a folder by its whole path, for it is named from other folders too."""
    remote = check_remote(value)
    if local_path(value) is None or value.startswith("file://"):
        return value
    try:
        if not Path(remote).is_dir():
            raise ConfigurationError(f"there is no folder {value}", hint=_MAKE.format(value))
        git(Path(remote), ["rev-parse", "--git-dir"])
    except CommandError as error:
        raise ConfigurationError(
            f"{value} is no Git repository", hint=_MAKE.format(value)
        ) from error
    return remote


def _check_kubernetes(value: str, base: str) -> None:
    oldest = base_model(base).kubernetes
    if oldest and minor(value) < minor(oldest):
        raise ConfigurationError(f"{base} needs Kubernetes {oldest} or newer, and not {value}")


def chart_source(base: str) -> str:
    """Name where the charts of a packed base come from."""
    return ", ".join(dict.fromkeys(chart.repository for chart in base_model(base).charts))


def base_model(name: str) -> Base:
    """Return what ``base.yaml`` of a packed base says."""
    text = packed.base_files(name)["base.yaml"]
    return parse(Base, yaml.load(text, source="base.yaml"), text, "base.yaml")


def guessed_forge(repository: str) -> str:
    """Return the forge that a repository's URL tells; empty where it tells none."""
    try:
        return forges.guess(repository).kind or ""
    except SealiftError:
        return "none"


def notes(answers: Answers) -> list[str]:
    """Say what of the answers could not be looked at here."""
    known = schemas.installed()
    version = "{}.{}".format(*minor(answers.kubernetes))
    found = []
    if not known:
        found.append("fields will not be held against the schemas of Kubernetes: "
                     "pip install 'sealift[schemas]'")  # fmt: skip
    elif version not in known:
        found.append(f"the installed schemas have no Kubernetes {version}: fields will not be "
                     "held against them")  # fmt: skip
    return found


def reached(answers: Answers) -> list[str]:
    """Ask the Git repository and the chart repository, and say of each what it came to."""
    return [_git(answers.repository), *_charts(answers)]


def _git(repository: str) -> str:
    try:
        git(Path.cwd(), ["ls-remote", "--heads", "--", repository])
    except CommandError as error:
        return f"not confirmed: {unreachable(repository, error)}"
    return f"confirmed: {repository} can be read"


def _charts(answers: Answers) -> list[str]:
    url = answers.chart_repository
    if url.startswith("oci://"):
        return [f"not asked: {url} has no index; `sealift doctor` asks for the charts themselves"]
    said = []
    for chart in base_model(answers.base).charts:
        try:
            there = vendor.known_versions(url, chart.name, vendor.login(url))
        except SealiftError as error:
            return [f"not confirmed: {error}"]
        state = "has" if chart.version in there else "does not have yet"
        said.append(f"confirmed: {url} {state} {chart.name} {chart.version}")
    return said


def answers_of(given: Mapping[str, str], platform: Mapping[str, str]) -> Answers:
    """Make the answers of an environment. Raises ConfigurationError for any that is wrong."""
    base = given["base"]
    problems, kept = [], {}
    for name, value in given.items():
        try:
            kept[name] = settled(name, value, base)
        except ConfigurationError as error:
            problems.append((f"--{name.replace('_', '-')}: {error}", error.hint))
    if problems:
        raise ConfigurationError(
            "\n".join(what for what, _ in problems), hint=next((h for _, h in problems if h), None)
        )
    return msgspec.convert(
        {_RENAMED[name]: value for name, value in kept.items()} | {"platform": dict(platform)},
        Answers,
    )
