"""kubeseal, as a subprocess: a Secret encrypted for the controller whose certificate is at hand."""

import shutil
from pathlib import Path

from builder.core.errors import ToolError
from builder.tools.command import CommandError, run

_LONGEST = 160  # it quotes keys whole


def seal(secret: str, certificate: Path) -> str:
    """Encrypt a Secret, given as YAML, and return the SealedSecret as YAML. Raises ToolError.

    It can be opened under its name and namespace only. The text goes to standard input, and with a
    certificate no cluster is asked.
    """
    path = shutil.which("kubeseal")
    if path is None:
        raise ToolError(
            "kubeseal is not on PATH",
            hint="install kubeseal, or choose another secrets.form in environment.yaml",
        )
    argv = [path, "--cert", str(certificate.resolve()), "--format", "yaml", "--scope", "strict"]
    try:
        return run(argv, stdin=secret.encode(), bare=True).decode()
    except CommandError as error:
        said = error.stderr.strip().splitlines()[-1:] or [error.what]
        raise ToolError(
            f"kubeseal cannot encrypt: {said[0].removeprefix('error: ')[:_LONGEST]}",
            hint="secrets.certificate in environment.yaml has to be the controller's certificate: "
            "`kubeseal --fetch-cert`",
        ) from error
