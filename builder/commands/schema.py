"""``sealift schema``: what editors check and complete environment.yaml and base.yaml by."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class Kind(StrEnum):
    """A file that people write."""

    environment = "environment"
    base = "base"


def schema(
    kind: Annotated[Kind, typer.Argument(help="Of environment.yaml, or of base.yaml.")],
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE", help="Write it to a file.")
    ] = None,
) -> int:
    """Print the JSON Schema of a file that you write, for your editor.

    With it, an editor completes keys, says what each is, and marks what Sealift would refuse.
    docs/editors.md tells how.

    Example: sealift schema environment -o .sealift/environment.schema.json
    """
    from builder import editors
    from builder.files import write_text

    text = editors.text(kind.value)
    if output is None:
        print(text, end="")
        return 0
    write_text(output, text)
    print(f"written: {output}")
    return 0
