"""The CI of a scaffold: the templates of ``templates/ci``, with an environment's names in them."""

from collections.abc import Sequence
from urllib.parse import urlsplit

from builder import __version__
from builder.core.scaffold import Answers, as_yaml
from builder.scaffold import packed

_PLACES = {
    "github": ("github-actions.yml", ".github/workflows/sealift.yml"),
    "gitea": ("gitea-actions.yml", ".gitea/workflows/sealift.yml"),
    "forgejo": ("gitea-actions.yml", ".forgejo/workflows/sealift.yml"),
    "gitlab": ("gitlab-ci.yml", ".gitlab-ci.yml"),
}
_IMAGE = "registry.example.com/tools/sealift:0.1.0"
_ENVIRONMENTS = "[example]"
_ACTIONS = "https://git.example.com/actions/"


def files(forge: str, environments: Sequence[str], answers: Answers) -> dict[str, str]:
    """Return the pipeline for a forge, what comments on pull requests, and the image."""
    source, place = _PLACES[forge]
    text = packed.ci_file(source)
    names = as_yaml({name: name for name in environments}).values()
    text = text.replace(_ENVIRONMENTS, f"[{', '.join(names)}]")
    text = text.replace(_IMAGE, image(answers))
    server = web_host(answers.repository)
    if server:
        text = text.replace(_ACTIONS, f"https://{server}/actions/")
    dockerfile = packed.ci_file("Dockerfile").replace("sealift-0.1.0", f"sealift-{__version__}")
    return {
        place: text,
        ".ci/comment.py": packed.ci_file("comment.py"),
        ".ci/Dockerfile": dockerfile,
    }


def image(answers: Answers) -> str:
    """Return the name of the image in which the jobs run, in the registry inside."""
    return f"{answers.registry}/tools/sealift:{__version__}"


def web_host(repository: str) -> str:
    """Return the host of a Git repository; empty for a folder."""
    if "://" in repository:
        return urlsplit(repository).hostname or ""
    before, colon, _ = repository.partition(":")
    return before.rpartition("@")[2] if colon and "/" not in before else ""
