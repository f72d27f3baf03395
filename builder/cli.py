"""The command line. Only :func:`main` turns errors into messages and exit codes.

Each command lives in :mod:`builder.commands`, which lists them: it is imported when it runs, and
imports what is heavy then.
"""

import os
import re
import sys

from builder import __version__
from builder.core.errors import SealiftError
from builder.core.text import lines

INTERRUPTED = 130
_LOGIN = re.compile(r"_(?:PASSWORD|TOKEN)$")


def main(argv: list[str] | None = None) -> int:
    """Run a command line and return the exit code; nothing below this prints errors."""
    argv = sys.argv[1:] if argv is None else argv
    try:
        if _quick(argv):
            return 0
        from builder.commands.app import app

        outcome = app(args=argv, standalone_mode=False, prog_name="sealift")
        if outcome == INTERRUPTED:  # typer has taken the KeyboardInterrupt
            print("interrupted", file=sys.stderr)
        return outcome if isinstance(outcome, int) else 0
    except SealiftError as error:
        print(lines(f"error: {_covered(str(error), error)}"), file=sys.stderr)
        if error.hint:
            print(lines(f"hint: {_covered(error.hint, error)}"), file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return INTERRUPTED
    except (BrokenPipeError, SystemExit):
        # Whoever reads our output has seen enough: click ends the process then. Python would
        # complain once more at exit, when it flushes.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        return _unexpected(error)


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
    if type(error).__name__ == "Abort":
        print("interrupted", file=sys.stderr)
        return INTERRUPTED
    if type(error).__name__ == "NoArgsIsHelpError":
        print(error, file=sys.stderr)  # the whole help, which is its message
        return 2
    if hasattr(error, "format_message"):
        context = getattr(error, "ctx", None)
        if context is not None:
            print(context.get_usage(), file=sys.stderr)
        print(f"error: {error.format_message()}", file=sys.stderr)
        return 2
    if isinstance(error, OSError) and error.strerror:
        where = f"{error.filename}: " if error.filename else ""
        print(f"error: {where}{error.strerror}", file=sys.stderr)
        return 3
    return _bug(error)


def _bug(error: Exception) -> int:
    import tempfile
    import traceback

    with tempfile.NamedTemporaryFile("w", prefix="sealift-", suffix=".log", delete=False) as log:
        log.write(_covered("".join(traceback.format_exception(error)), error))
    print(f"error: {type(error).__name__}: a bug in sealift", file=sys.stderr)
    print(f"hint: please report it with {log.name}", file=sys.stderr)
    return 4


def run() -> None:
    """Run as a program: the entry point of the distribution."""
    sys.exit(main())
