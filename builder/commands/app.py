"""The app: its commands, each imported when it is called, and the options of all of them."""

from collections.abc import Iterator, MutableMapping, Sequence
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup

from builder import __version__
from builder.commands import VERBS, overview, settings


class Program(TyperGroup):
    """The commands of the table :data:`builder.commands.VERBS`."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        self.commands = _Commands(self.params)

    def format_help(self, _: Any, formatter: Any) -> None:
        """Write the help from the table, which imports no command."""
        formatter.write(overview.text())

    def shell_complete(self, ctx: Any, incomplete: str) -> list[Any]:
        """Return the commands from the table, which imports none; options as any command does."""
        from typer._click.shell_completion import CompletionItem

        named = [
            CompletionItem(name, help=summary)
            for name, (_, summary) in VERBS.items()
            if name.startswith(incomplete)
        ]
        return named or super(TyperGroup, self).shell_complete(ctx, incomplete)


class _Commands(MutableMapping[str, Any]):
    """Commands by name; a command is made when it is asked for."""

    def __init__(self, options: Sequence[Any]) -> None:
        self._made: dict[str, Any] = {}
        self._options = options

    def __getitem__(self, name: str) -> Any:
        if name not in self._made:
            self._made[name] = command = _made(name, *VERBS[name][0].split(":"))
            for one in getattr(command, "commands", {"": command}).values():
                settings.add(one, self._options)
        return self._made[name]

    def __setitem__(self, name: str, command: Any) -> None:
        self._made[name] = command

    def __delitem__(self, name: str) -> None:
        del self._made[name]

    def __iter__(self) -> Iterator[str]:
        return iter(VERBS)

    def __len__(self) -> int:
        return len(VERBS)


def _made(name: str, module: str, attribute: str) -> Any:
    """Import a verb and make its command: of a function, or of a group of them."""
    verb = getattr(import_module(f"builder.commands.{module}"), attribute)
    if isinstance(verb, typer.Typer):
        return typer.main.get_group(verb)
    single = typer.Typer(add_completion=False, rich_markup_mode=None)
    single.command(name)(verb)
    return typer.main.get_command(single)


app = typer.Typer(
    name="sealift",
    cls=Program,
    help=overview.ABOUT,
    epilog=overview.EXIT_CODES,
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
        False, "--version", callback=_version, is_eager=True, help=overview.OPTIONS["--version"]
    ),
    __: settings.Quiet = False,
    ___: settings.Verbose = False,
    ____: settings.LogFormat = settings.Form.text,
    _____: settings.NoCache = False,
) -> None:
    """Take in the options before the command's name; their callbacks act."""
