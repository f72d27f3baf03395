"""Variables in texts: parts that a shell, a template or Kubernetes fills in when it runs."""

import re

PATTERN = (
    r"\$\([^)\n]{0,200}\)|\$\{[^}\n]{0,200}\}|\{\{[^\n]{0,200}?\}\}|\$[A-Za-z_]\w*|"
    r"%\([^)\n]{0,200}\)\w?|%\{[^}\n]{0,200}\}|%[sdv]\b"
)
_VARIABLE = re.compile(PATTERN)
# Lower-case letters and digits, so that it may stand wherever a part of a name does.
_HIDDEN = re.compile(r"xv([0-9]+)vx")


def hide(text: str) -> tuple[str, list[str]]:
    """Return the text with a plain word for each variable, and the variables."""
    found: list[str] = []
    if not any(sign in text for sign in ("$", "{{", "%")):
        return text, found

    def word(match: re.Match[str]) -> str:
        found.append(match[0])
        return f"xv{len(found) - 1}vx"

    return _VARIABLE.sub(word, text), found


def show(text: str, variables: list[str]) -> str:
    """Put variables back where :func:`hide` took them from."""
    if not variables:
        return text
    return _HIDDEN.sub(lambda m: variables[int(m[1])] if int(m[1]) < len(variables) else m[0], text)


def leads(text: str) -> bool:
    """Tell whether a text begins with a variable."""
    return _VARIABLE.match(text) is not None
