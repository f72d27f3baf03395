"""The command line. Only :func:`main` turns errors into messages and exit codes.

Each command lives in :mod:`builder.commands` and imports what is heavy when it runs.
"""

import os
import re
import sys

import typer

from builder import __version__
from builder.commands.airgap import airgap
from builder.commands.attest import attest
from builder.commands.build import build
from builder.commands.diff import diff
from builder.commands.doctor import doctor
from builder.commands.explain import explain
from builder.commands.images import images
from builder.commands.lock import lock
from builder.commands.mirror import mirror
from builder.commands.mirror_export import export
from builder.commands.mirror_import import import_
from builder.commands.publish import publish
from builder.commands.sbom import sbom
from builder.commands.secrets import secrets
from builder.commands.sync import sync
from builder.commands.upgrade import upgrade
from builder.commands.vendor import vendor
from builder.commands.verify import verify
from builder.core.errors import SealiftError
from builder.core.text import lines

EXIT_CODES = (
    "Exit codes: 0 fine; 1 findings, or a difference; 2 wrong usage or configuration; "
    "3 an outside tool or service failed; 4 a bug; 130 interrupted."
)

INTERRUPTED = 130
_LOGIN = re.compile(r"_(?:PASSWORD|TOKEN)$")

app = typer.Typer(
    name="sealift",
    help="Builds GitOps bundles for clusters without internet. "
    "If the build passes, the cluster pulls nothing from outside.",
    epilog=EXIT_CODES,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(value: bool) -> None:
    if value:
        print(f"sealift {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    _: bool = typer.Option(
        False, "--version", callback=_version, is_eager=True, help="Print the version."
    ),
    no_cache: bool = typer.Option(
        False, "--no-cache", help="Do all work anew, and keep nothing of it."
    ),
) -> None:
    if no_cache:
        from builder import cache

        cache.off()


for command in (
    vendor,
    secrets,
    airgap,
    lock,
    upgrade,
    build,
    diff,
    publish,
    sync,
    images,
    explain,
    doctor,
    attest,
    verify,
    sbom,
):
    app.command()(command)
mirror.command("export")(export)
mirror.command("import")(import_)
app.add_typer(mirror, name="mirror")


def main(argv: list[str] | None = None) -> int:
    """Run a command line and return the exit code; nothing below this prints errors."""
    try:
        outcome = app(args=argv, standalone_mode=False, prog_name="sealift")
        if outcome == INTERRUPTED:  # typer has taken the KeyboardInterrupt
            print("interrupted", file=sys.stderr)
        return outcome if isinstance(outcome, int) else 0
    except SealiftError as error:
        print(lines(f"error: {_covered(str(error), error)}"), file=sys.stderr)
        if error.hint:
            print(lines(f"hint: {_covered(error.hint, error)}"), file=sys.stderr)
        return error.exit_code
    except (KeyboardInterrupt, typer.Abort):
        print("interrupted", file=sys.stderr)
        return INTERRUPTED
    except (BrokenPipeError, SystemExit):
        # Whoever reads our output has seen enough: click ends the process then. Python would
        # complain once more at exit, when it flushes.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        return _unexpected(error)


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
