"""Styles that close: tags and digests, floating and pinned."""

from tests.styles.model import INSIDE, JOB, WEB, Style, pod

STYLES = (
    Style(
        name="tag from the chart's version",
        values="image: {repository: quay.io/acme/web, tag: ''}\n",
        chart="appVersion: 1.2.3\n",
        templates={
            "web.yaml": pod(
                "web",
                "{{ .Values.image.repository }}:"
                "{{ .Values.image.tag | default .Chart.AppVersion }}",
            )
        },
        images=(WEB,),
        sets=("/image/repository",),
    ),
    Style(
        name="digest instead of a tag",
        values=f"image: {{repository: quay.io/acme/web, digest: 'sha256:{'a' * 64}'}}\n",
        templates={
            "web.yaml": pod("web", "{{ .Values.image.repository }}@{{ .Values.image.digest }}")
        },
        images=(f"{INSIDE}/acme/web@sha256:{'a' * 64}",),
        sets=("/image/repository",),
    ),
    Style(
        name="tag and digest in one value",
        values=f"image: quay.io/acme/web:1.2.3@sha256:{'b' * 64}\n",
        templates={"web.yaml": pod("web", "{{ .Values.image | quote }}")},
        images=(f"{WEB}@sha256:{'b' * 64}",),
        sets=("/image",),
    ),
    Style(
        name="numeric tags",
        values="web: {repository: quay.io/acme/web, tag: 7}\n"
        "job: {repository: quay.io/acme/job, tag: 1.5}\n",
        templates={
            "web.yaml": pod(
                "web",
                "{{ .Values.web.repository }}:{{ .Values.web.tag }}",
                "{{ .Values.job.repository }}:{{ .Values.job.tag }}",
            )
        },
        images=(f"{INSIDE}/acme/web:7", f"{INSIDE}/acme/job:1.5"),
    ),
    Style(
        name="floating tag with a pin, tag in a value of its own",
        values="image: {repository: quay.io/acme/web, tag: latest}\n",
        environment="pins: {quay.io/acme/web: 1.2.3}\n",
        templates={
            "web.yaml": pod("web", "{{ .Values.image.repository }}:{{ .Values.image.tag }}")
        },
        images=(WEB,),
        sets=("/image/repository", "/image/tag"),
    ),
    Style(
        name="floating tag with a pin, tag empty by default",
        values="image: {repository: quay.io/acme/web, tag: ''}\n",
        environment="pins: {quay.io/acme/web: 1.2.3}\n",
        templates={
            "web.yaml": pod(
                "web",
                "{{ .Values.image.repository }}"
                "{{ if .Values.image.tag }}:{{ .Values.image.tag }}{{ end }}",
            )
        },
        images=(WEB,),
        sets=("/image/repository", "/image/tag"),
    ),
    Style(
        name="floating tag in a whole reference",
        values="image: quay.io/acme/web:latest\n",
        environment=f"pins: {{quay.io/acme/web: 'sha256:{'c' * 64}'}}\n",
        templates={"web.yaml": pod("web", "{{ .Values.image }}")},
        images=(f"{INSIDE}/acme/web:latest@sha256:{'c' * 64}",),
        sets=("/image",),
    ),
    Style(
        name="floating tag inside",
        values=f"image: {{repository: {INSIDE}/acme/web, tag: latest}}\n",
        environment=f"pins: {{{INSIDE}/acme/web: 1.2.3}}\n",
        templates={
            "web.yaml": pod("web", "{{ .Values.image.repository }}:{{ .Values.image.tag }}")
        },
        images=(WEB,),
        sets=("/image/tag",),
    ),
    Style(
        name="one tag for a floating and a fixed image",
        values="tag: latest\nweb: quay.io/acme/web\njob: {image: quay.io/acme/job, tag: ''}\n",
        environment="pins: {quay.io/acme/web: 1.2.3, quay.io/acme/job: 4.5.6}\n",
        templates={
            "web.yaml": pod(
                "web",
                "{{ .Values.web }}:{{ .Values.tag }}",
                "{{ .Values.job.image }}:{{ .Values.job.tag | default .Values.tag }}",
            )
        },
        images=(WEB, JOB),
        sets=("/job/image", "/job/tag", "/tag", "/web"),
    ),
    Style(
        name="version that is compared",
        values="image: {repository: quay.io/acme/web, tag: 1.2.3}\n",
        templates={
            "web.yaml": '{{- if semverCompare ">=1.0.0" .Values.image.tag }}\n'
            + pod("web", "{{ .Values.image.repository }}:{{ .Values.image.tag }}")
            + "{{- end }}\n"
        },
        images=(WEB,),
        sets=("/image/repository",),
    ),
)
