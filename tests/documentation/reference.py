"""The pages in docs/reference that are made of the code: ``make reference`` writes them."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import typer

from builder import editors
from builder.commands import overview
from builder.commands.app import app
from builder.commands.manual import EXIT_STATUS
from builder.core.section import schema
from tests.conftest import REPOSITORY
from tests.documentation.findings import DANGERS, FINDINGS

FOLDER = REPOSITORY / "docs" / "reference"
_MADE = "<!-- Made of the code by `make reference`. -->"
_EXIT_MEANS = {
    "0": "CI goes on.",
    "1": "Read the findings: each names its next step. `lock --check`, `airgap --check` and `diff` "
    "say by it that something differs.",
    "2": "Correct the command line, or the file that the error points at. Nothing was written.",
    "3": "helm, kustomize, git, a registry, a forge or a cluster. Correct that, and run it again.",
    "4": "The message names a log without credentials: report it.",
    "130": "By Ctrl-C. Files are whole, or as they were: run it again.",
}


def pages() -> Mapping[str, str]:
    """Return the pages by the names of their files."""
    return {
        "commands.md": _page("Commands", _commands()),
        "environment.md": _page("Keys of environment.yaml", _keys("environment")),
        "base.md": _page("Keys of base.yaml", _keys("base")),
        "findings.md": _page("Findings", _findings()),
        "exit-codes.md": _page("Exit codes", _exit_codes()),
    }


def _page(title: str, lines: Iterator[str]) -> str:
    text = "\n".join([f"# {title}", "", _MADE, "", *lines])
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"


def _table(*rows: tuple[str, ...]) -> Iterator[str]:
    for number, row in enumerate(rows):
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |"
        if number == 0:
            yield "| " + " | ".join("---" for _ in row) + " |"
    yield ""


def _commands() -> Iterator[str]:
    yield "What `--help` says, of every command. These options hold for all:"
    yield ""
    said = [(f"`{names}`", text) for names, text in overview.OPTIONS.items()]
    yield from _table(("option", "what it does"), *said)
    for path, command in _every(typer.main.get_command(app), ("sealift",)):
        with command.make_context(path[-1], [], resilient_parsing=True) as context:
            yield from _command(path, command, context)


def _every(group: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    for name, command in dict(group.commands).items():
        if hasattr(command, "commands"):
            yield from _every(command, (*path, name))
        else:
            yield (*path, name), command


def _command(path: tuple[str, ...], command: Any, context: Any) -> Iterator[str]:
    yield from (f"## {' '.join(path)}", "")
    example = ""
    for paragraph in (command.help or "").split("\n\n"):
        if paragraph.startswith("Example:"):
            example = paragraph.partition(":")[2].strip()
        else:
            yield from (_text(paragraph), "")
    usage = " ".join([*path, *command.collect_usage_pieces(context)])
    yield from ("```text", usage, "```", "")
    params = [p for p in command.get_params(context) if p.name != "help"]
    records = filter(None, (p.get_help_record(context) for p in params))
    rows = [(f"`{names}`", _text(said)) for names, said in records]
    yield from _table(("argument or option", "what it is"), *rows)
    yield from (f"Example: `{' '.join(example.split())}`", "")


def _text(text: str) -> str:
    """Write help as Markdown: names of placeholders and paths are no markup."""
    parts = re.split(r"(`[^`]*`)", " ".join(text.split()))
    return "".join(p if p.startswith("`") else re.sub(r"([<>*])", r"\\\1", p) for p in parts)


_MORE = {
    "environment": "[environment.md](../environment.md) tells more of each.",
    "base": "[secrets.md](../secrets.md#rules) tells more of credentials.",
}


def _keys(kind: str) -> Iterator[str]:
    yield f"Every key, as `sealift schema {kind}` has it. {_MORE[kind]}"
    yield ""
    document, model = editors.document(kind), editors.MODELS[kind]
    needed = {name: set(n.get("required", ())) for name, n in schema(model)["$defs"].items()}
    rows = _rows(document["definitions"], needed, document, model.__name__, "")
    yield from _table(("key", "type", "what it is"), *rows)


def _rows(
    sections: Any, needed: Mapping[str, set[str]], node: Any, model: str, above: str
) -> Iterator[tuple[str, ...]]:
    for key, child in node.get("properties", {}).items():
        kind, said = _type(child), _text(child.get("description", ""))
        said = said.replace("...", "…").replace("..", ".")
        if key in needed[model]:
            said += "" if said.endswith(".") else "."
            said += " Required"
        yield f"`{above}{key}`", kind, said
        for one in child.get("items", child).get("allOf", []):
            below, dots = one["$ref"].rpartition("/")[2], "[]." if kind == "list" else "."
            yield from _rows(sections, needed, sections[below], below, above + key + dots)


_TYPES = {
    "array": "list",
    "object": "map",
    "string": "text",
    "boolean": "true, false",
    "integer": "number",
}


def _type(child: Any) -> str:
    if "enum" in child:
        return ", ".join(f"`{value}`" for value in child["enum"])
    if "anyOf" in child:
        return " or ".join(dict.fromkeys(_type(option) for option in child["anyOf"]))
    return _TYPES.get(child.get("type", ""), "section")


def _findings() -> Iterator[str]:
    yield "The code stands in brackets behind a finding's subject, and in `--json`. An error keeps"
    yield "a bundle from shipping. The finding itself names place and cause, and its next step more"
    yield "exactly."
    yield ""
    for section, rows in FINDINGS.items():
        yield from (f"## {section}", "")
        cells = [(f"`{code}`", *said) for code, said in rows.items()]
        yield from _table(("code", "severity", "what it means", "next step"), *cells)
    yield from ("## Dangers", "")
    yield "What `sealift diff` and reports warn of. None keeps a bundle back: a reviewer decides."
    yield ""
    yield from _table(("code", "what happens"), *((f"`{c}`", text) for c, text in DANGERS.items()))


def _exit_codes() -> Iterator[str]:
    rows = [(f"`{c}`", said, _EXIT_MEANS[c]) for c, said in EXIT_STATUS.items()]
    yield from _table(("code", "what it says", "and then"), *rows)
    yield "Of many environments it is the worst of all. Data goes to standard output, everything"
    yield "else to standard error."


def write(folder: Path = FOLDER) -> None:
    """Write all pages."""
    folder.mkdir(exist_ok=True)
    for name, text in pages().items():
        (folder / name).write_text(text)


if __name__ == "__main__":
    write()
