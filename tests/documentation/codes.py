"""Which codes of findings there are, read from the source: none can be left out of the reference.

A code stands in ``Finding(code=...)``, or in a call of a function that makes one and takes it as an
argument; such functions are found by what they hand on.
"""

import ast
from collections.abc import Iterator, Mapping

from builder.core.findings import NOT_CHECKED
from tests.conftest import REPOSITORY

PACKAGE = REPOSITORY / "builder"
MAKERS = {"Finding", "Danger"}


def codes() -> Mapping[str, set[str]]:
    """Return each code with the modules in which it stands."""
    found: dict[str, set[str]] = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        tree = ast.parse(path.read_text())
        for code in _codes(tree):
            found.setdefault(code, set()).add(path.relative_to(PACKAGE).as_posix())
    return found


def _codes(tree: ast.Module) -> Iterator[str]:
    names = {"NOT_CHECKED": {NOT_CHECKED}, **_assigned(tree)}
    helpers = dict(_helpers(tree))
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        name = call.func.attr if isinstance(call.func, ast.Attribute) else ast.unparse(call.func)
        if name in MAKERS:
            yield from (v for k in call.keywords if k.arg == "code" for v in _texts(k.value, names))
        elif name in helpers:
            index, prefix = helpers[name]
            starred = [a.value for a in call.args if isinstance(a, ast.Starred)]
            keywords = [k.value for k in call.keywords if k.arg == "code"]
            given = keywords or starred or call.args[index:][:1]
            yield from (prefix + text for node in given for text in _texts(node, names))


def _helpers(tree: ast.Module) -> Iterator[tuple[str, tuple[int, str]]]:
    """Yield functions that take a code: at which place, and what they put before it."""
    for function in (n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)):
        arguments = [a.arg for a in function.args.args if a.arg != "self"]
        arguments += [a.arg for a in function.args.kwonlyargs]
        if "code" not in arguments:
            continue
        for call in (n for n in ast.walk(function) if isinstance(n, ast.Call)):
            for keyword in call.keywords:
                if ast.unparse(call.func) in MAKERS and keyword.arg == "code":
                    prefix = ast.unparse(keyword.value).removeprefix("f'").partition("{")[0]
                    prefix = "" if prefix == "code" else prefix
                    yield function.name, (arguments.index("code"), prefix)


def _assigned(tree: ast.Module) -> dict[str, set[str]]:
    """Return the texts that names are set to, also as the first of several."""
    found: dict[str, set[str]] = {}
    for function in (n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)):
        for argument, default in zip(
            function.args.kwonlyargs, function.args.kw_defaults, strict=True
        ):
            if argument.arg == "code" and default is not None:
                found.setdefault("code", set()).update(_texts(default, {}))
    for node in (n for n in ast.walk(tree) if isinstance(n, ast.Assign)):
        target, value = node.targets[0], node.value
        if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
            target, value = target.elts[0], value.elts[0]
        if isinstance(target, ast.Name):
            found.setdefault(target.id, set()).update(_texts(value, {}))
    return found


def _texts(node: ast.expr, names: Mapping[str, set[str]]) -> Iterator[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from _texts(node.body, names)
        yield from _texts(node.orelse, names)
    elif isinstance(node, ast.Name):
        yield from names.get(node.id, ())
    elif isinstance(node, ast.Subscript):
        yield from _texts(node.value, names)
    elif isinstance(node, ast.Dict):
        for value in node.values:
            if isinstance(value, ast.Tuple):
                yield from _texts(value.elts[0], names)
