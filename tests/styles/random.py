"""Random charts: components in a few styles, spread over a chart and its subcharts."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import yaml
from hypothesis import strategies as st

from tests.styles.model import INSIDE, Style, metadata, pod

# Which components stand where: the chart, a subchart under two aliases, and a chart in that.
NODES = ("", "one", "two", "one/deep")
_DEFAULT = "{{ .Values.global.imageRegistry | default .Values.%s.registry }}/{{ .Values.%s.name }}"


@dataclass(frozen=True)
class Component:
    """One workload: its style, its image, and the chart that it stands in."""

    style: str
    registry: str
    name: str
    tag: str
    node: str

    @property
    def image(self) -> str:
        return f"{self.registry}/{self.name}:{self.tag}"


Made = tuple[dict[str, Any], str]


def _whole(key: str, it: Component) -> Made:
    return {"image": it.image}, f"{{{{ .Values.{key}.image }}}}"


def _parts(key: str, it: Component) -> Made:
    values = {"registry": it.registry, "name": it.name, "tag": it.tag}
    return values, "/".join(f"{{{{ .Values.{key}.{p} }}}}" for p in ("registry", "name")) + (
        f":{{{{ .Values.{key}.tag }}}}"
    )


def _prefix(key: str, it: Component) -> Made:
    hub, _, last = f"{it.registry}/{it.name}".rpartition("/")
    return {"hub": f"{hub}/"}, f"{{{{ .Values.{key}.hub }}}}{last}:{it.tag}"


def _shared(key: str, it: Component) -> Made:
    return {}, f"{{{{ .Values.global.hub }}}}/{it.name}:{it.tag}"


def _shared_name(key: str, it: Component) -> Made:
    return {"repository": it.name}, (
        f"{{{{ .Values.global.hub }}}}/{{{{ .Values.{key}.repository }}}}:{it.tag}"
    )


def _default(key: str, it: Component) -> Made:
    values = {"registry": it.registry, "name": it.name}
    return values, f"{_DEFAULT % (key, key)}:{it.tag}"


def _tpl(key: str, it: Component) -> Made:
    values = {"hub": it.registry, "image": f"{{{{ .Values.{key}.hub }}}}/{it.name}:{it.tag}"}
    return values, f"{{{{ tpl .Values.{key}.image $ }}}}"


def _hidden(key: str, it: Component) -> Made:
    values = {"image": it.image, "imageOverride": ""}
    return values, f"{{{{ .Values.{key}.imageOverride | default .Values.{key}.image }}}}"


def _listed(key: str, it: Component) -> Made:
    values = {"images": [{"name": it.name, "ref": it.image}]}
    return values, f"{{{{ (index .Values.{key}.images 0).ref }}}}"


def _literal(key: str, it: Component) -> Made:
    return {}, it.image


def _checked(key: str, it: Component) -> Made:
    check = (
        f'{{{{ if not (hasPrefix "{it.registry}/" .Values.{key}.image) }}}}'
        '{{ fail "refused" }}{{ end }}'
    )
    return {"image": it.image}, f"{check}{{{{ .Values.{key}.image }}}}"


CLOSING: Mapping[str, Callable[[str, Component], Made]] = {
    "whole": _whole,
    "parts": _parts,
    "prefix": _prefix,
    "shared": _shared,
    "shared name": _shared_name,
    "default": _default,
    "tpl": _tpl,
    "hidden": _hidden,
    "listed": _listed,
}
LEAVING: Mapping[str, Callable[[str, Component], Made]] = {
    "literal": _literal,
    "checked": _checked,
}
_MAKERS = {**CLOSING, **LEAVING}
_INSIDE_HOST, _, _INSIDE_PATH = INSIDE.partition("/")


@st.composite
def components(draw: st.DrawFn) -> Component:
    """Draw one component; every fourth image or so is inside already."""
    style = draw(st.sampled_from([*CLOSING, *CLOSING, *LEAVING]))
    name = draw(st.sampled_from(["acme/web", "acme/job", "solo", "a/b/c"]))
    registry = draw(st.sampled_from(["quay.io", "ghcr.io", "r.acme.example:5000", _INSIDE_HOST]))
    if style in ("shared", "shared name"):
        registry = "quay.io"
    elif registry == _INSIDE_HOST:
        name = f"{_INSIDE_PATH}/{name}"
    return Component(
        style=style,
        registry=registry,
        name=name,
        tag=draw(st.sampled_from(["1.2.3", "7", "v0.1.0-rc.1"])),
        node=draw(st.sampled_from(NODES)),
    )


def chart(listed: list[Component]) -> Style:
    """Make the chart of some components."""
    values: dict[str, dict[str, Any]] = {node: {} for node in NODES}
    files: dict[str, str] = {}
    for number, it in enumerate(listed):
        made, expression = _MAKERS[it.style](f"c{number}", it)
        values[it.node][f"c{number}"] = {"on": True, **made}
        folder = _folder(it.node)
        # Both aliases render the same folder: each takes its own components.
        guard = f"{{{{- if (.Values.c{number}).on }}}}\n"
        text = pod(f"{{{{ .Chart.Name }}}}-c{number}", f"'{expression}'")
        files[f"{folder}templates/c{number}.yaml"] = guard + text + "{{- end }}\n"
    values[""]["global"] = {"hub": "quay.io", "imageRegistry": ""}
    for node in ("one", "two"):
        values[""][node] = {**values[node]}
    values[""]["one"]["deep"] = values["one/deep"]
    for node in {_folder(node) for node in NODES} - {""}:
        files[f"{node}Chart.yaml"] = metadata(
            "inner" if node.count("/") == 2 else "deep",
            "dependencies: [{name: deep, version: 1.0.0}]\n" if node.count("/") == 2 else "",
        )
    return Style(
        name="random",
        values=yaml.safe_dump(values[""]),
        chart="dependencies:\n  - {name: inner, version: 1.0.0, alias: one}\n"
        "  - {name: inner, version: 1.0.0, alias: two}\n",
        files=files,
    )


def _folder(node: str) -> str:
    if not node:
        return ""
    return "charts/inner/charts/deep/" if "/" in node else "charts/inner/"
