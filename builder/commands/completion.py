"""``sealift completion``: what makes a shell complete commands, options and names.

The shell asks by :data:`ASKED`, with the line so far in ``COMP_LINE``; the answer is a line each:
what may stand there, and behind a tab what it is.
"""

import os
import sys
from enum import StrEnum
from typing import Annotated

import typer

ASKED = "_SEALIFT_COMPLETE"

_BASH = """\
# sealift in bash: eval "$(sealift completion bash)"
_sealift() {
    local IFS=$'\\n' line="${COMP_LINE:0:COMP_POINT}" word
    word="${line##*[[:space:]]}"
    COMPREPLY=($(_SEALIFT_COMPLETE=bash COMP_LINE="$line" "$1" 2>/dev/null))
    COMPREPLY=("${COMPREPLY[@]%%$'\\t'*}")
    # bash takes a word apart at : and =, and wants what follows the last of them.
    if [[ $COMP_WORDBREAKS == *:* && $word == *[:=]* ]]; then
        COMPREPLY=("${COMPREPLY[@]#"${word%"${word##*[:=]}"}"}")
    fi
}
complete -o default -F _sealift sealift
"""
_ZSH = """\
#compdef sealift
# sealift in zsh: eval "$(sealift completion zsh)", or this as _sealift in a folder of $fpath
_sealift() {
    local line
    local -a answers
    for line in "${(@f)$(_SEALIFT_COMPLETE=zsh COMP_LINE="${(j: :)words[1,CURRENT]}" \\
        "${words[1]}" 2>/dev/null)}"; do
        [[ -n $line ]] || continue
        answers+=("${${line%%$'\\t'*}//:/\\\\:}${${(M)line:#*$'\\t'*}:+:${line#*$'\\t'}}")
    done
    if (( $#answers )); then
        _describe -V sealift answers
    else
        _files
    fi
}
if [[ ${funcstack[1]} == _sealift ]]; then
    _sealift "$@"
else
    (( $+functions[compdef] )) || { autoload -Uz compinit && compinit; }
    compdef _sealift sealift
fi
"""
_FISH = """\
# sealift in fish: sealift completion fish > ~/.config/fish/completions/sealift.fish
function __sealift_answers
    set -l program (commandline -opc)[1]
    set -l answers (_SEALIFT_COMPLETE=fish COMP_LINE=(commandline -cp | string collect) \\
        $program 2>/dev/null)
    if test (count $answers) -gt 0
        printf '%s\\n' $answers
    else
        __fish_complete_path (commandline -ct)
    end
end
complete --command sealift --no-files --keep-order --arguments '(__sealift_answers)'
"""


class Shell(StrEnum):
    """A shell that completes."""

    bash = "bash"
    zsh = "zsh"
    fish = "fish"


SCRIPTS = {Shell.bash: _BASH, Shell.zsh: _ZSH, Shell.fish: _FISH}


def completion(
    shell: Annotated[Shell, typer.Argument(help="The shell that is to complete.")],
) -> int:
    """Print what makes your shell complete commands, options and names.

    Environments, bases, images and versions of charts are those of the source repository that you
    are in. docs/editors.md tells where the text goes.

    Example: sealift completion bash
    """
    print(SCRIPTS[shell], end="")
    return 0


def answer() -> int:
    """Answer a shell. Nothing goes to standard error, whatever happens: somebody is typing."""
    sys.stderr = open(os.devnull, "w")  # noqa: PTH123, SIM115 - until the process ends
    try:
        words = _words(os.environ.get("COMP_LINE", ""))
        for value, said in _answers(words[1:-1], words[-1] if len(words) > 1 else ""):
            print(f"{value}\t{said}" if said else value)
        sys.stdout.flush()
    except BaseException:
        return 0
    return 0


def _words(line: str) -> list[str]:
    """Take a line apart as a shell would; the last word is the one that is being typed."""
    from typer._click.shell_completion import split_arg_string

    words = split_arg_string(line)
    return [*words, ""] if line[-1:].isspace() or len(words) < 2 else words


def _answers(before: list[str], word: str) -> list[tuple[str, str]]:
    """Return what may stand in the place of the last word, each with what it is.

    Typer has nothing public for that; the bounds of its version in pyproject.toml are tested.
    """
    from typer._click.shell_completion import _resolve_context, _resolve_incomplete

    from builder.commands.app import app

    prefix = word.partition("=")[0] + "=" if word.startswith("--") and "=" in word else ""
    # An option without its value would keep what stands before it from being read.
    whole = before[:-1] if before and before[-1].startswith("-") else before
    context = _resolve_context(typer.main.get_command(app), {}, "sealift", whole)
    asked, word = _resolve_incomplete(context, before, word)
    return [
        (f"{prefix}{item.value}", " ".join((item.help or "").split()))
        for item in asked.shell_complete(context, word)
        if item.type == "plain"
    ]
