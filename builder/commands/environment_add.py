"""``sealift environment add``: what it asks, and what it says."""

from pathlib import Path
from typing import Any

from builder import log
from builder.bases import find_base
from builder.commands import asking
from builder.commands.asking import Given
from builder.core.errors import ConfigurationError
from builder.core.scaffold import Answers
from builder.environments import add as adding
from builder.environments.add import Addition
from builder.scaffold import packed, questions, render
from builder.scaffold.run import recorded
from builder.workspace import find_overlay

# Where environment.yaml has each answer; engine and forge may be none, and then stand nowhere.
_PLACES = {
    "registry": ("registry", "prefix"),
    "mirror_layout": ("registry", "layout"),
    "chart_repository": ("chartRepository", "url"),
    "host": ("ingress", "host"),
    "ingress_class": ("ingress", "class"),
    "kubernetes": ("kubernetes",),
    "repository": ("publish", "repository"),
    "forge": ("publish", "forge", "kind"),
    "engine": ("sync", "engine"),
}


def run(
    root: Path, name: str, given: Given, *, source: str | None, extends: str | None, ask: bool
) -> int:
    """Add an environment; return the exit code."""
    if source and extends:
        raise ConfigurationError("choose one of --from and --extends")
    adding.check_free(root, asking.checked_name(name))
    record = recorded(root)
    made: dict[str, Answers] = {}
    if extends:
        addition = _extending(root, name, extends, given)
    else:
        answers, addition = _alike(root, name, source, given, ask=ask)
        made[name] = answers
    for path in adding.add(root, addition, record, made):
        print(f"written: {path}")
    for note in addition.notes:
        log.say("info", "note", f"note: {note}", message=note)
    steps = (f"secrets {name} --write", f"airgap {name}", f"build {name}", f"publish {name}")
    log.say("info", "next", "\n".join(["Next, in this order:", *(f"  sealift {s}" for s in steps)]))
    return 0


def _alike(
    root: Path, name: str, source: str | None, given: Given, *, ask: bool
) -> tuple[Answers, Addition]:
    """Return the answers of an environment, and its files: as another one's, or anew."""
    if source is None:
        there = sorted(path.parent.name for path in (root / "base").glob("*/base.yaml"))
        base = given.base or packed.only(there)
        find_base(root, base)
        own = Given(base=base, answers=given.answers, platform=given.platform)
        answers = asking.first(own, ask=ask)
        return answers, Addition(files=render.environment(name, answers)[0])
    overlay = find_overlay(root, source)
    record = recorded(root)
    before = record.environments.get(overlay.name) if record else None
    known = before or adding.answers_of(overlay.environment)
    own = Given(base=known.base, answers=given.answers, platform=given.platform)
    answers = asking.first(own, before=known, ask=False)
    return answers, adding.alike(name, answers, overlay, before)


def _extending(root: Path, name: str, parent: str, given: Given) -> Addition:
    if given.platform:
        raise ConfigurationError(
            "--set is for an environment with values of its own", hint="take --from instead"
        )
    overlay = find_overlay(root, parent)
    said = {
        key: questions.settled(key, value, overlay.environment.base)
        for key, value in given.said.items()
    }
    settings: dict[str, Any] = {}
    for key, value in said.items():
        if value != "none":
            _put(settings, _PLACES[key], "gitea" if value == "forgejo" else value)
    record = recorded(root)
    before = record.environments.get(overlay.name) if record else None
    if "host" not in said:
        return adding.extending(name, overlay, settings, None)
    if before is None:
        note = (
            f"{overlay.name} was not made by `sealift init`: set the host in the platform's values"
        )
        addition = adding.extending(name, overlay, settings, None)
        return Addition(files=addition.files, notes=(note,))
    own = Given(base=before.base, answers=said, platform={})
    values = asking.first(own, before=before, ask=False)
    return adding.extending(name, overlay, settings, values)


def _put(settings: dict[str, Any], path: tuple[str, ...], value: str) -> None:
    *above, last = path
    for key in above:
        settings = settings.setdefault(key, {})
    settings[last] = value
