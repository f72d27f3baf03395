"""What is known of an environment from options, and questions on the terminal for the rest."""

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import msgspec

from builder import log
from builder.bases import is_name
from builder.core.errors import ConfigurationError, nearest
from builder.core.scaffold import Answers, Record, choices
from builder.scaffold import questions, render

_ANY = "environment"


@dataclass(frozen=True, kw_only=True, slots=True)
class Given:
    """What the command line says: the base, answers (None: not said), and the platform's."""

    base: str
    answers: Mapping[str, str | None]
    platform: Mapping[str, str]

    @property
    def said(self) -> dict[str, str]:
        """The answers that are given."""
        return {name: str(value) for name, value in self.answers.items() if value is not None}


def environment_name(*, ask: bool) -> str:
    """Return the name of the first environment."""
    if not ask:
        raise ConfigurationError("nothing says --name", hint="name the environment, as prod")
    return _prompt("Name of the environment", (), "prod", checked_name)


def checked_name(name: str) -> str:
    """Return a name of an environment. Raises ConfigurationError."""
    if not is_name(name):
        raise ConfigurationError(
            f"{name!r} is not the name of an environment",
            hint="lower-case letters, digits, dots and dashes",
        )
    return name


def first(given: Given, *, before: Answers | None = None, ask: bool) -> Answers:
    """Return the answers for an environment: given, asked, or as in ``before``.

    Without ``ask``, what has no default has to be given. Raises ConfigurationError, which names
    all that is missing, or wrong.
    """
    found = {"base": given.base}
    missing = []
    said = given.said
    for question in questions.QUESTIONS:
        default = _default(question, found, before)
        if question.name in said:
            found[question.name] = said[question.name]
        elif ask:
            found[question.name] = _asked(question, default, given.base)
        elif default:
            found[question.name] = default
        else:
            missing.append(question.option)
    if missing:
        raise ConfigurationError(
            f"nothing says {', '.join(missing)}", hint="give these options, or leave --yes out"
        )
    platform = {**(before.platform if before else {}), **given.platform}
    result = questions.answers_of(found, platform)
    if ask:
        result = _with(result, _platform(result, given.platform))
    return _with(result, render.environment(_ANY, result)[1])


def again(record: Record, name: str | None, given: Given) -> tuple[dict[str, Answers], str]:
    """Return the answers of all environments, with what is given changed in one, and its name.

    Raises ConfigurationError when nothing tells in which.
    """
    known = dict(record.environments)
    changes = given.said or given.platform
    if name is None and len(known) > 1 and changes:
        raise ConfigurationError(
            f"there are several environments: {', '.join(known)}", hint="name one with --name"
        )
    chosen = name or next(iter(known))
    if chosen not in known:
        near = nearest(chosen, list(known))
        raise ConfigurationError(
            f"there is no environment {chosen!r} here",
            hint=f"did you mean {near!r}?" if near else f"sealift environment add {chosen}",
        )
    present = known[chosen]
    if changes:
        own = Given(base=present.base, answers=given.answers, platform=given.platform)
        known[chosen] = first(own, before=present, ask=False)
    return known, chosen


def tell(answers: Answers, *, asked: bool) -> None:
    """Say what could not be looked at, and what is assumed; with ``asked``, what others answer."""
    for note in (*questions.notes(answers), *(questions.reached(answers) if asked else ())):
        log.say("info", "note", f"note: {note}", message=note)
    settings = ", ".join(f"{name}={value}" for name, value in answers.platform.items())
    if settings:
        log.say("info", "note", f"note: the platform: {settings}; others by --set NAME=VALUE")


def agreed(question: str) -> bool:
    """Ask a question that has yes and no as answers; anything but yes is no."""
    return _answer(f"{question} [y/N]").lower() in ("y", "yes")


def _with(result: Answers, platform: Mapping[str, str]) -> Answers:
    return msgspec.structs.replace(result, platform=dict(platform))


def _default(question: questions.Question, found: Mapping[str, str], before: Answers | None) -> str:
    if before is not None:
        return str(getattr(before, question.name))
    if question.name == "forge" and "repository" in found:
        return questions.guessed_forge(found["repository"])
    return question.default


def _asked(question: questions.Question, default: str, base: str) -> str:
    return _prompt(
        question.asks,
        choices(question.name),
        default,
        lambda value: questions.settled(question.name, value, base),
    )


def _platform(result: Answers, given: Mapping[str, str]) -> dict[str, str]:
    """Ask what the platform wants to know; its own template has the defaults, and the checks."""
    known = render.environment(_ANY, result)[1]
    for question in render.platform_questions(result.base):
        if question.name in given:
            continue

        def held(value: str, name: str = question.name) -> str:
            return render.environment(_ANY, _with(result, {**known, name: value}))[1][name]

        asks = question.help[0].upper() + question.help[1:]
        known[question.name] = _prompt(asks, question.choices, known[question.name], held)
    return known


def _answer(question: str) -> str:
    """Ask on standard error, where no result stands, and return the line that comes."""
    print(f"{question}: ", end="", file=sys.stderr, flush=True)
    try:
        return input().strip()
    except EOFError as error:
        print(file=sys.stderr)
        raise ConfigurationError(
            "there is nobody to ask", hint="give the answers as options, and --yes"
        ) from error


def _prompt(
    asks: str, options: tuple[str, ...], default: str, settled: Callable[[str], str]
) -> str:
    text = f"{asks} ({', '.join(options)})" if options else asks
    while True:
        value = _answer(f"{text} [{default}]" if default else text) or default
        try:
            if options and value not in options:
                raise ConfigurationError(f"{value!r} is not one of {', '.join(options)}")
            return settled(value)
        except ConfigurationError as error:
            print(f"{error}" + (f"; {error.hint}" if error.hint else ""), file=sys.stderr)
