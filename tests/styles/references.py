"""Styles that close: references in values, whole and in parts."""

from tests.styles.model import INSIDE, JOB, WEB, Style, pod

WHOLE = Style(
    name="whole reference in one value",
    values="image: quay.io/acme/web:1.2.3\n",
    templates={"web.yaml": pod("web", "{{ .Values.image }}")},
    images=(WEB,),
    sets=("/image",),
)
STYLES = (
    WHOLE,
    Style(
        name="registry, repository and tag",
        values="image: {registry: quay.io, repository: acme/web, tag: 1.2.3}\n",
        templates={
            "web.yaml": pod(
                "web",
                '"{{ .Values.image.registry }}/{{ .Values.image.repository }}:'
                '{{ .Values.image.tag }}"',
            )
        },
        images=(WEB,),
    ),
    Style(
        name="short name",
        values="image: redis\ntag: 7.2.4\n",
        templates={"web.yaml": pod("web", "{{ .Values.image }}:{{ .Values.tag }}")},
        images=(f"{INSIDE}/library/redis:7.2.4",),
        sets=("/image",),
    ),
    Style(
        name="list of texts",
        values="images:\n  - quay.io/acme/web:1.2.3\n  - ghcr.io/acme/job:4.5.6\n",
        templates={
            "web.yaml": "{{- range $i, $image := .Values.images }}\n---\n"
            + pod("web-{{ $i }}", "{{ $image }}")
            + "{{- end }}\n"
        },
        images=(WEB, JOB),
    ),
    Style(
        name="list of maps",
        values="sidecars:\n"
        "  - {name: web, image: {repository: quay.io/acme/web, tag: 1.2.3}}\n"
        "  - {name: job, image: {repository: ghcr.io/acme/job, tag: 4.5.6}}\n"
        f"  - {{name: in, image: {{repository: {INSIDE}/acme/in, tag: 7.8.9}}}}\n",
        templates={
            "web.yaml": "{{- range .Values.sidecars }}\n---\n"
            + pod("{{ .name }}", "{{ .image.repository }}:{{ .image.tag }}")
            + "{{- end }}\n"
        },
        images=(WEB, JOB, f"{INSIDE}/acme/in:7.8.9"),
    ),
    Style(
        name="list that the custom resource sets",
        values="images: []\n",
        user="images: [quay.io/acme/web:1.2.3, ghcr.io/acme/job:4.5.6]",
        templates={
            "web.yaml": "{{- range $i, $image := .Values.images }}\n---\n"
            + pod("web-{{ $i }}", "{{ $image }}")
            + "{{- end }}\n"
        },
        images=(WEB, JOB),
        sets=("/images/0", "/images/1"),
    ),
    Style(
        name="tpl text that refers to another value",
        values="hub: quay.io/acme\nversion: 1.2.3\n"
        'image: "{{ .Values.hub }}/web:{{ .Values.version }}"\n',
        templates={"web.yaml": pod("web", "{{ tpl .Values.image . }}")},
        images=(WEB,),
        sets=("/hub",),
    ),
    Style(
        name="tpl text with the host in it",
        values='version: 1.2.3\nimage: "quay.io/acme/web:{{ .Values.version }}"\n',
        templates={"web.yaml": pod("web", "{{ tpl .Values.image . }}")},
        images=(WEB,),
        sets=("/image",),
    ),
    Style(
        name="map keyed by name",
        values="components:\n  web: {image: quay.io/acme/web, version: 1.2.3}\n"
        "  job: {image: quay.io/acme/job, version: 4.5.6}\n",
        templates={
            "all.yaml": "{{- range $name, $it := .Values.components }}\n---\n"
            + pod("{{ $name }}", "{{ $it.image }}:{{ $it.version }}")
            + "{{- end }}\n"
        },
        images=(WEB, JOB),
        sets=("/components/job/image", "/components/web/image"),
    ),
    Style(
        name="key with a dot and a slash",
        values='images:\n  "acme.example/web": quay.io/acme/web:1.2.3\n',
        templates={"web.yaml": pod("web", '{{ index .Values.images "acme.example/web" }}')},
        images=(WEB,),
        sets=("/images/acme.example~1web",),
    ),
    Style(
        name="template that takes the reference apart",
        values="image: quay.io/acme/web:1.2.3\n",
        templates={
            "web.yaml": '{{- $parts := splitList ":" .Values.image }}\n'
            + pod("web", '"{{ first $parts }}:{{ last $parts }}"')
        },
        images=(WEB,),
        sets=("/image",),
    ),
    Style(
        name="name that is checked against a list of its own",
        values="kind: web\nhub: quay.io/acme\n",
        templates={
            "web.yaml": '{{- if not (has .Values.kind (list "web" "job")) }}{{ fail "which?" }}'
            "{{- end }}\n" + pod("web", "{{ .Values.hub }}/{{ .Values.kind }}:1.2.3")
        },
        images=(WEB,),
        sets=("/hub",),
    ),
    Style(
        name="two images of one text that were one value's",
        values="one: quay.io/acme/web:1.2.3\ntwo: quay.io/acme/web:1.2.3\n"
        "other: ghcr.io/acme/job:4.5.6\n",
        templates={
            "config.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: config}\n"
            "data:\n  list: |\n    {{ .Values.one }}\n    {{ .Values.two }}\n"
            "    {{ .Values.other }}\n"
        },
        images=(WEB, JOB),
        sets=("/one", "/other", "/two"),
    ),
    Style(
        name="switch that the chart names when it refuses",
        values="global: {security: {strict: true}}\nimage: quay.io/acme/web:1.2.3\n",
        templates={
            "web.yaml": '{{- if and .Values.global.security.strict (not (hasPrefix "quay.io/" '
            ".Values.image)) }}{{ fail \"set 'global.security.strict' to false\" }}{{ end }}\n"
            + pod("web", "{{ .Values.image }}")
        },
        images=(WEB,),
        sets=("/global/security/strict", "/image"),
    ),
    Style(
        name="address outside that the environment replaces",
        values="mail: https://mail.acme.example/send\nimage: quay.io/acme/web:1.2.3\n",
        environment="urls: {'https://mail.acme.example/send': 'https://mail.corp.example/in'}\n"
        "allowedHosts: [mail.corp.example]\n",
        templates={
            "web.yaml": pod("web", "{{ .Values.image }}")
            + "          env: [{name: MAIL, value: {{ .Values.mail }}}]\n"
        },
        images=(WEB,),
        sets=("/image", "/mail"),
    ),
    Style(
        name="addresses below one that the environment replaces",
        values="books: https://books.acme.example/v1\n",
        environment="urls: {'https://books.acme.example': 'https://corp.example/books'}\n"
        "allowedHosts: [corp.example]\n",
        templates={
            "books.yaml": "apiVersion: acme.example/v1\nkind: Rules\nmetadata: {name: rules}\n"
            "spec: [{link: {{ .Values.books }}/one}, {link: {{ .Values.books }}/two}]\n"
        },
        sets=("/books",),
    ),
)
