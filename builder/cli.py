"""The command line. Only :func:`main` turns errors into messages and exit codes.

Each command lives in :mod:`builder.commands`, which lists them: it is imported when it runs, and
imports what is heavy then.
"""

import os
import re
import sys
from itertools import pairwise

from builder import __version__
from builder.core.errors import SealiftError
from builder.core.text import lines

INTERRUPTED = 130
_LOGIN = re.compile(r"_(?:PASSWORD|TOKEN)$")


def main(argv: list[str] | None = None) -> int:
    """Run a command line and return the exit code; nothing below this prints errors."""
    argv = sys.argv[1:] if argv is None else argv
    if "_SEALIFT_COMPLETE" in os.environ:
        from builder.commands.completion import answer

        return answer()
    try:
        if _quick(argv):
            return 0
        return _run(argv)
    except SealiftError as error:
        _say(error)
        return error.exit_code
    except KeyboardInterrupt:
        return _interrupted()
    except (BrokenPipeError, SystemExit):
        # Whoever reads our output has seen enough: click ends the process then. Python would
        # complain once more at exit, when it flushes.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        return _unexpected(error)


def _run(argv: list[str]) -> int:
    from builder import log, progress
    from builder.commands.app import app

    log.reset()
    if "--log-format=json" in argv or ("--log-format", "json") in pairwise(argv):
        log.as_json()  # what is wrong with the other arguments is said so, too
    progress.begin()
    outcome = app(args=argv, standalone_mode=False, prog_name="sealift")
    if outcome == INTERRUPTED:  # typer has taken the KeyboardInterrupt
        return _interrupted()
    progress.end()
    return outcome if isinstance(outcome, int) else 0


def _interrupted() -> int:
    from builder import log

    log.say("error", "interrupted", "interrupted")
    return INTERRUPTED


def _say(error: SealiftError) -> None:
    """Say all that is wrong, each with its line where that may be shown, and what to do."""
    from builder.excerpt import excerpt

    said, records = [], []
    for problem in error.problems:
        mark = problem.mark
        place, what = _covered(problem.place, error), _covered(problem.what, error)
        said.append(lines(f"{place}: {what}" if place else what))
        if mark is not None and (shown := excerpt(mark)):
            said.append(shown)
        at = {"line": mark.line, "column": mark.column} if mark else {}
        records.append({"message": what, "where": place or None, **at})
    first, *others = records
    _fail(
        "\n".join(said),
        _covered(error.hint or "", error),
        **first,
        **({"others": others} if others else {}),
    )


def _fail(said: str, hint: str = "", **fields: object) -> None:
    """Say why the command fails, and what to do about it; ``said`` can be printed."""
    from builder import log

    text = f"error: {said}" + (f"\n{lines(f'hint: {hint}')}" if hint else "")
    log.say("error", "error", text, **{"message": said, "hint": hint or None, **fields})


def _quick(argv: list[str]) -> bool:
    """Answer what needs no command, nor what parses command lines: that takes 50 ms to load."""
    if argv == ["--version"]:
        print(f"sealift {__version__}")
    elif argv in (["--help"], ["-h"]):
        from builder.commands import overview

        print(overview.text())
    else:
        return False
    return True


def _covered(text: str, error: Exception) -> str:
    """Return what an error says without credentials: those of this process, and what looks so.

    What Sealift itself says names none; programs quote what they read.
    """
    from builder.core.guard.veil import Veil

    veil = Veil(v for n, v in os.environ.items() if n.startswith("SEALIFT_") and _LOGIN.search(n))
    ours = isinstance(error, SealiftError) and not hasattr(error, "stderr")
    return veil.forms(text) if ours else veil.all(text)


def _unexpected(error: Exception) -> int:
    """Report what typer says about usage; write all else to a log, as a bug."""
    from builder import log

    if type(error).__name__ == "Abort":
        return _interrupted()
    if type(error).__name__ == "NoArgsIsHelpError":
        print(error, file=sys.stderr)  # the whole help, which is its message
        return 2
    if hasattr(error, "format_message"):
        context = getattr(error, "ctx", None)
        if context is not None:
            log.say("info", "usage", context.get_usage())
        _fail(lines(error.format_message()))
        return 2
    if isinstance(error, OSError) and error.strerror:
        where = f"{error.filename}: " if error.filename else ""
        _fail(lines(f"{where}{error.strerror}"))
        return 3
    return _bug(error)


def _bug(error: Exception) -> int:
    import tempfile
    import traceback

    with tempfile.NamedTemporaryFile("w", prefix="sealift-", suffix=".log", delete=False) as file:
        file.write(_covered("".join(traceback.format_exception(error)), error))
    _fail(f"{type(error).__name__}: a bug in sealift", f"please report it with {file.name}")
    return 4


def run() -> None:
    """Run as a program: the entry point of the distribution."""
    sys.exit(main())
