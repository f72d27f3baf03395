"""Styles that do not close: what a person is told instead."""

from tests.styles.model import INSIDE, Style, pod, subchart

_PAIR = pod("web", "{{ .Values.image.repository }}:{{ .Values.image.tag }}")

STYLES = (
    Style(
        name="hard-coded in a subchart that a condition switches",
        values="extra: {enabled: true}\n",
        chart="dependencies:\n"
        "  - {name: addon, version: 1.0.0, alias: extra, condition: extra.enabled}\n",
        files=subchart("addon", "", {"agent.yaml": pod("agent", "quay.io/acme/agent:1.2.3")}),
        images=("quay.io/acme/agent:1.2.3",),
        finding="cannot-move",
        says=(
            "quay.io/acme/agent:1.2.3",
            "Deployment/agent container c0 (app/charts/extra/templates/agent.yaml)",
            "switch the component off (extra.enabled: false)",
        ),
    ),
    Style(
        name="hard-coded in the chart itself",
        values="image: quay.io/acme/web\n",
        templates={"web.yaml": pod("web", "{{ .Values.image }}:1.2.3", "busybox:1.36")},
        images=(f"{INSIDE}/acme/web:1.2.3", "busybox:1.36"),
        finding="cannot-move",
        says=(f"no value moves it to {INSIDE}/library/busybox:1.36", "Deployment/web container c1"),
    ),
    Style(
        name="value that has to match a pattern",
        values="image: quay.io/acme/web:1.2.3\n",
        templates={
            "web.yaml": '{{- if not (regexMatch "^quay[.]io/" .Values.image) }}'
            '{{ fail "images come from quay.io" }}{{ end }}\n' + pod("web", "{{ .Values.image }}")
        },
        images=("quay.io/acme/web:1.2.3",),
        finding="cannot-move",
        says=("does not take /image as it would have to be", "images come from quay.io"),
    ),
    Style(
        name="registry that a schema fixes",
        values="registry: quay.io\nrepository: acme/web\n",
        files={
            "values.schema.json": '{"properties": {"registry": {"enum": ["quay.io", "ghcr.io"]}}}'
        },
        templates={"web.yaml": pod("web", "{{ .Values.registry }}/{{ .Values.repository }}:1.2.3")},
        images=("quay.io/acme/web:1.2.3",),
        finding="cannot-move",
        says=("does not take /registry", "/registry"),
    ),
    Style(
        name="tag that is compared, and pinned to one that does not pass",
        values="image: {repository: quay.io/acme/web, tag: latest}\n",
        environment="pins: {quay.io/acme/web: 0.9.0}\n",
        templates={
            "web.yaml": '{{- if ne .Values.image.tag "latest" }}'
            '{{- if not (semverCompare ">=1.0.0" .Values.image.tag) }}{{ fail "too old" }}'
            "{{ end }}{{ end }}\n" + _PAIR
        },
        images=(f"{INSIDE}/acme/web:latest",),
        finding="cannot-pin",
        says=("does not take /image/tag", "too old"),
    ),
    Style(
        name="floating tag without a pin",
        values="image: {repository: quay.io/acme/web, tag: latest}\n",
        templates={"web.yaml": _PAIR},
        images=(f"{INSIDE}/acme/web:latest",),
        finding="no-pin",
        says=("pins: {quay.io/acme/web: VERSION}", "/image/repository, /image/tag"),
    ),
    Style(
        name="floating tag in the template, with a pin",
        values="image: quay.io/acme/web\n",
        environment="pins: {quay.io/acme/web: 1.2.3}\n",
        templates={"web.yaml": pod("web", "{{ .Values.image }}:latest")},
        images=(f"{INSIDE}/acme/web:latest",),
        finding="cannot-pin",
        says=("no value of the chart sets the tag", "it is made by /image"),
    ),
    Style(
        name="mapping that the template cannot write",
        values="registry: quay.io\n",
        environment=f"registry: {{prefix: {INSIDE}, mappings: {{quay.io/acme/web: other/name}}}}\n",
        templates={"web.yaml": pod("web", "{{ .Values.registry }}/acme/web:1.2.3")},
        images=("quay.io/acme/web:1.2.3",),
        finding="cannot-move",
        says=(f"no value moves it to {INSIDE}/other/name:1.2.3", "(/registry is in it)"),
    ),
    Style(
        name="name that is no image",
        values="image: quay.io/Acme/Web:1.2.3\n",
        templates={"web.yaml": pod("web", "{{ .Values.image }}")},
        images=("quay.io/Acme/Web:1.2.3",),
        finding="unreadable-image",
        says=("quay.io/Acme/Web:1.2.3",),
    ),
    Style(
        name="address outside that nothing replaces",
        values="image: quay.io/acme/web:1.2.3\nmail: https://mail.acme.example/send\n",
        templates={
            "web.yaml": pod("web", "{{ .Values.image }}")
            + "          env: [{name: MAIL, value: {{ .Values.mail }}}]\n"
        },
        images=(f"{INSIDE}/acme/web:1.2.3",),
        finding="cannot-move",
        says=("https://mail.acme.example/send", "it is made by /mail", "environment.yaml urls:"),
    ),
    Style(
        name="many addresses of one host",
        values="books: https://books.acme.example/v1\n",
        templates={
            "books.yaml": "apiVersion: acme.example/v1\nkind: Rules\nmetadata: {name: rules}\n"
            "spec:\n{{- range until 9 }}\n  - link: {{ $.Values.books }}/{{ . }}\n{{- end }}\n"
        },
        finding="cannot-move",
        says=("https://books.acme.example/* ", "and 8 more", "it is made by /books"),
    ),
    Style(
        name="two sources of one mirrored name",
        values="web: quay.io/acme/web:1.2.3\njob: ghcr.io/acme/web:1.2.3\n",
        templates={"web.yaml": pod("web", "{{ .Values.web }}", "{{ .Values.job }}")},
        images=(f"{INSIDE}/acme/web:1.2.3", f"{INSIDE}/acme/web:1.2.3"),
        finding="mirror-collision",
        says=("ghcr.io/acme/web:1.2.3 and quay.io/acme/web:1.2.3", "layout: full-path"),
    ),
    Style(
        name="chart that does not render",
        values="image: quay.io/acme/web:1.2.3\n",
        templates={"web.yaml": pod("web", "{{ .Values.image }}"), "bad.yaml": "a: b: c\n"},
        finding="render-failed",
        says=("YAML parse error on app/templates/bad.yaml", "Platform/apps/app"),
    ),
)
