"""sops, as a subprocess: a Secret encrypted for age recipients.

Nothing but the arguments decides the result: no ``.sops.yaml`` on the way up, no variable that
names further keys. The MAC covers what is encrypted only: a controller may annotate the Secret.
"""

import os
import shutil
from collections.abc import Sequence

from builder.core.errors import ToolError
from builder.tools.command import CommandError, run

ENCRYPTED = "^(data|stringData)$"


def encrypt(secret: str, recipients: Sequence[str]) -> str:
    """Encrypt a Secret, given as YAML, and return it as YAML. Raises ToolError.

    The text goes to standard input: no file and no argument ever holds it.
    """
    path = shutil.which("sops")
    if path is None:
        raise ToolError(
            "sops is not on PATH",
            hint="install sops 3.9 or newer, or choose another secrets.form in environment.yaml",
        )
    argv = [path, "--config", os.devnull, "--mac-only-encrypted", "encrypt"]
    argv += ["--input-type", "yaml", "--output-type", "yaml", "--filename-override", "secret.yaml"]
    argv += ["--encrypted-regex", ENCRYPTED, "--age", ",".join(recipients)]
    try:
        return run(argv, stdin=secret.encode(), bare=True).decode()
    except CommandError as error:
        raise ToolError(
            f"sops cannot encrypt: {_said(error)}",
            hint="look at secrets.age in environment.yaml: recipients begin with age1",
        ) from error


def _said(error: CommandError) -> str:
    return error.stderr.strip().splitlines()[-1] if error.stderr.strip() else error.what
