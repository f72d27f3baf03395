"""``sealift man``: manual pages, made of what the commands say of themselves."""

from pathlib import Path
from typing import Annotated

import typer


def man(
    output: Annotated[
        Path,
        typer.Option(
            "-o", "--output", metavar="FOLDER", help="Write to FOLDER/man1, as man looks for it."
        ),
    ] = Path("man"),
) -> int:
    """Write manual pages: one for each command.

    They say what --help says. In ~/.local/share/man, man finds them by itself.

    Example: sealift man -o ~/.local/share/man
    """
    from builder.commands import manual
    from builder.commands.app import app
    from builder.files import write_text

    folder = output.expanduser() / "man1"
    pages = manual.pages(typer.main.get_command(app))
    for name, text in pages.items():
        write_text(folder / name, text)
    print(f"written: {len(pages)} pages to {folder}")
    return 0
