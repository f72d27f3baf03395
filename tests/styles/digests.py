"""Styles with digests from the lock: where a value carries one, it is there; else the tag stays."""

from tests.styles.model import INSIDE, WEB, Style, pod

DIGEST = f"sha256:{'d' * 64}"
PINNED = f"{WEB}@{DIGEST}"
PINS = f"pins: {{'quay.io/acme/web:1.2.3': '1.2.3@{DIGEST}'}}\n"
FLOATING = f"pins: {{quay.io/acme/web: 1.2.3, 'quay.io/acme/web:1.2.3': '1.2.3@{DIGEST}'}}\n"
_VALUES = "image: {repository: quay.io/acme/web, tag: 1.2.3}\n"
_IMAGE = "{{ .Values.image.repository }}:{{ .Values.image.tag }}"


def _labelled(template: str, label: str) -> str:
    return template.replace(
        "metadata:\n  name: web\n",
        f"metadata:\n  name: web\n  labels: {{app.kubernetes.io/version: {label}}}\n",
    )


STYLES = (
    Style(
        name="a tag takes the digest behind it",
        values=_VALUES,
        environment=PINS,
        templates={"web.yaml": pod("web", _IMAGE)},
        images=(PINNED,),
        sets=("/image/repository", "/image/tag"),
    ),
    Style(
        name="a whole reference",
        values="image: quay.io/acme/web:1.2.3\n",
        environment=PINS,
        templates={"web.yaml": pod("web", "{{ .Values.image }}")},
        images=(PINNED,),
        sets=("/image",),
    ),
    Style(
        name="an empty digest that takes the place of the tag",
        values="image: {registry: quay.io, repository: acme/web, tag: 1.2.3, digest: ''}\n",
        environment=PINS,
        templates={
            "web.yaml": pod(
                "web",
                "{{ .Values.image.registry }}/{{ .Values.image.repository }}"
                "{{ if .Values.image.digest }}@{{ .Values.image.digest }}"
                "{{ else }}:{{ .Values.image.tag }}{{ end }}",
            )
        },
        images=(f"{INSIDE}/acme/web@{DIGEST}",),
    ),
    Style(
        name="an empty digest behind the tag",
        values="image: {repository: quay.io/acme/web, tag: 1.2.3, digest: ''}\n",
        environment=PINS,
        templates={
            "web.yaml": pod("web", _IMAGE + "{{ with .Values.image.digest }}@{{ . }}{{ end }}")
        },
        images=(PINNED,),
        sets=("/image/digest", "/image/repository"),
    ),
    Style(
        name="an empty sha behind the tag",
        values="image: {repository: quay.io/acme/web, tag: 1.2.3, sha: ''}\n",
        environment=PINS,
        templates={
            "web.yaml": pod("web", _IMAGE + "{{ with .Values.image.sha }}@sha256:{{ . }}{{ end }}")
        },
        images=(PINNED,),
        sets=("/image/repository", "/image/sha"),
    ),
    Style(
        name="a floating tag gets version and digest",
        values="image: {repository: quay.io/acme/web, tag: latest}\n",
        environment=FLOATING,
        templates={"web.yaml": pod("web", _IMAGE)},
        images=(PINNED,),
    ),
    Style(
        name="a tag that is a label too keeps no digest",
        values=_VALUES,
        environment=PINS,
        templates={"web.yaml": _labelled(pod("web", _IMAGE), "{{ .Values.image.tag | quote }}")},
        images=(WEB,),
        sets=("/image/repository",),
    ),
    Style(
        name="a floating tag that is a label too gets the version",
        values="image: {repository: quay.io/acme/web, tag: latest}\n",
        environment=FLOATING,
        templates={"web.yaml": _labelled(pod("web", _IMAGE), "{{ .Values.image.tag | quote }}")},
        images=(WEB,),
    ),
    Style(
        name="a tag in a label beside a digest of its own",
        values="image: {repository: quay.io/acme/web, tag: 1.2.3, digest: ''}\n",
        environment=PINS,
        templates={
            "web.yaml": _labelled(
                pod("web", _IMAGE + "{{ with .Values.image.digest }}@{{ . }}{{ end }}"),
                "{{ .Values.image.tag | quote }}",
            )
        },
        images=(PINNED,),
    ),
    Style(
        name="a tag that is compared keeps no digest",
        values=_VALUES,
        environment=PINS,
        templates={
            "web.yaml": '{{- if semverCompare ">=1.0.0" .Values.image.tag }}\n'
            + pod("web", _IMAGE)
            + "{{- end }}\n"
        },
        images=(WEB,),
        sets=("/image/repository",),
    ),
    Style(
        name="a tag in the template stays",
        values="repository: quay.io/acme/web\n",
        environment=PINS,
        templates={"web.yaml": pod("web", "{{ .Values.repository }}:1.2.3")},
        images=(WEB,),
        sets=("/repository",),
    ),
)
