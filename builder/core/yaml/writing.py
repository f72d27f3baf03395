"""Writing one byte form, that every reader reads back the same."""

import functools
import pickle
import re
from typing import Any

import yaml

from builder.core.yaml.scalars import BOOLS, DATE, NULL, SEXAGESIMAL, SPECIAL_FLOAT


class _Dumper(yaml.CSafeDumper):
    """Writes what Go reads back the same: no aliases, and quotes around all that looks typed."""

    def ignore_aliases(self, _: Any) -> bool:
        return True


_AMBIGUOUS = re.compile(
    "|".join(
        f"(?:{pattern})"
        for pattern in (
            "|".join(BOOLS),
            r"[-+]?(?:0[bB][01_]+|0[xX][0-9a-fA-F_]+|0[oO]?[0-9_]+|[0-9][0-9_]*)",
            r"[-+]?(?:\.[0-9_]+|[0-9][0-9_]*(?:\.[0-9_]*)?)(?:[eE][-+]?[0-9]*)?",
            SPECIAL_FLOAT.pattern,
            NULL.pattern,
            SEXAGESIMAL.pattern,
            DATE.pattern,
            "<<|=",
        )
    )
)
_UNSAFE_IN_BLOCK = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff\ud800-\udfff]|\t")


def _represent_str(dumper: yaml.CSafeDumper, value: str) -> yaml.ScalarNode:
    style = None
    if _UNSAFE_IN_BLOCK.search(value):
        style = '"'
    elif "\n" in value:
        style = "|" if value.strip("\n ") and not value.startswith(("\n", " ")) else '"'
    elif _AMBIGUOUS.fullmatch(value) or _AMBIGUOUS.fullmatch(value.replace("_", "")):
        style = '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_Dumper.add_representer(str, _represent_str)


def dump(value: Any) -> str:
    """Write ``value`` as one YAML document: keys in their order, wide lines, one byte form."""
    return _dumped(pickle.dumps(value))


@functools.lru_cache(maxsize=256)
def _dumped(value: bytes) -> str:
    """Write what was pickled: most resources are the same in many environments."""
    return _dump_all([pickle.loads(value)])  # noqa: S301 - made above


def dump_all(values: list[Any]) -> str:
    """Write several documents, each after the first behind ``---``."""
    return _dump_all(values)


def _dump_all(values: list[Any]) -> str:
    text: str = yaml.dump_all(
        values,
        Dumper=_Dumper,
        default_flow_style=False,
        sort_keys=False,
        allow_unicode=True,
        width=1_000_000_000,
    )
    return text
