"""Styles that close: registries and prefixes, shared, empty and checked."""

from tests.styles.model import INSIDE, JOB, WEB, Style, pod

_GLOBAL_DEFAULT = """\
{{- define "app.image" -}}
{{- $registry := .root.Values.global.imageRegistry | default .image.registry -}}
{{- $tag := .image.tag | default .root.Chart.AppVersion | toString -}}
{{- if $registry -}}
{{ $registry }}/{{ .image.repository }}:{{ $tag }}
{{- else -}}
{{ .image.repository }}:{{ $tag }}
{{- end -}}
{{- end -}}
"""


def image(values: str) -> str:
    """A call of the helper with the global default."""
    return f'{{{{ include "app.image" (dict "root" $ "image" {values}) }}}}'


STYLES = (
    Style(
        name="helper with a global default registry",
        values="global: {imageRegistry: ''}\n"
        "web: {image: {registry: quay.io, repository: acme/web, tag: 1.2.3}}\n"
        "job: {image: {registry: ghcr.io, repository: acme/job, tag: 4.5.6}}\n",
        templates={
            "_helpers.tpl": _GLOBAL_DEFAULT,
            "web.yaml": pod("web", image(".Values.web.image")),
            "job.yaml": pod("job", image(".Values.job.image")),
        },
        images=(WEB, JOB),
    ),
    Style(
        name="global registry over literal repositories",
        values="global: {imageRegistry: ''}\n",
        templates={
            "_helpers.tpl": _GLOBAL_DEFAULT,
            "web.yaml": pod(
                "web",
                image('(dict "registry" "quay.io" "repository" "acme/web" "tag" "1.2.3")'),
                image('(dict "registry" "ghcr.io" "repository" "acme/job" "tag" "4.5.6")'),
            ),
        },
        images=(WEB, JOB),
        sets=("/global/imageRegistry",),
    ),
    Style(
        name="global registry where one is inside: own values instead",
        values="global: {imageRegistry: ''}\n"
        "web: {repository: acme/web, tag: 1.2.3}\n"
        f"job: {{repository: {INSIDE}/acme/job, tag: 4.5.6}}\n",
        templates={
            "_helpers.tpl": _GLOBAL_DEFAULT,
            "web.yaml": pod("web", image(".Values.web")),
            "job.yaml": pod("job", image(".Values.job")),
        },
        images=(WEB, JOB),
        sets=("/web/repository",),
    ),
    Style(
        name="global registry where one is inside: the other has no value of its own",
        values="global: {imageRegistry: ''}\n"
        f"job: {{repository: {INSIDE}/acme/job, tag: 4.5.6}}\n",
        templates={
            "_helpers.tpl": _GLOBAL_DEFAULT,
            "web.yaml": pod("web", image('(dict "repository" "acme/web" "tag" "1.2.3")')),
            "job.yaml": pod("job", image(".Values.job")),
        },
        images=(WEB, JOB),
        sets=("/global/imageRegistry", "/job/repository"),
    ),
    Style(
        name="shared registry of several images, one with a literal name",
        values="registry: quay.io\nweb: {name: acme/web}\n",
        templates={
            "web.yaml": pod(
                "web",
                "{{ .Values.registry }}/{{ .Values.web.name }}:1.2.3",
                "{{ .Values.registry }}/acme/job:4.5.6",
            )
        },
        images=(WEB, JOB),
        sets=("/registry",),
    ),
    Style(
        name="registry with a port",
        values="registry: registry.acme.example:5000\nimage: acme/web\ntag: 1.2.3\n",
        templates={
            "web.yaml": pod("web", "{{ .Values.registry }}/{{ .Values.image }}:{{ .Values.tag }}")
        },
        images=(WEB,),
    ),
    Style(
        name="prefix that ends with a slash",
        values="hub: quay.io/acme/\n",
        templates={
            "web.yaml": pod("web", "{{ .Values.hub }}web:1.2.3", "{{ .Values.hub }}job:4.5.6")
        },
        images=(WEB, JOB),
        sets=("/hub",),
    ),
    Style(
        name="prefix that is joined without a slash",
        values="prefix: quay.io/acme-\n",
        templates={"web.yaml": pod("web", "{{ .Values.prefix }}web:1.2.3")},
        images=(f"{INSIDE}/acme-web:1.2.3",),
        sets=("/prefix",),
    ),
    Style(
        name="slash that the template trims",
        values="hub: quay.io/acme/\n",
        templates={"web.yaml": pod("web", '{{ trimSuffix "/" .Values.hub }}/web:1.2.3')},
        images=(WEB,),
        sets=("/hub",),
    ),
    Style(
        name="value that is empty and hides another",
        values="image: quay.io/acme/web:1.2.3\noverride: {image: ''}\n",
        templates={"web.yaml": pod("web", "{{ .Values.override.image | default .Values.image }}")},
        images=(WEB,),
        sets=("/image",),
    ),
    Style(
        name="only an empty value reaches it",
        values="image: {override: ''}\n",
        templates={
            "web.yaml": pod(
                "web", '{{ .Values.image.override | default "quay.io/acme/web:1.2.3" }}'
            )
        },
        images=(WEB,),
        sets=("/image/override",),
    ),
    Style(
        name="registry that is checked, with a repository that is free",
        values="registry: quay.io\nrepository: acme/web\n",
        templates={
            "web.yaml": '{{- if not (regexMatch "^[a-z]+[.](io|example)$" .Values.registry) }}'
            '{{ fail "no registry" }}{{- end }}\n'
            + pod("web", "{{ .Values.registry }}/{{ .Values.repository }}:1.2.3")
        },
        environment="registry: {prefix: corp.example}\n",
        images=("corp.example/acme/web:1.2.3",),
    ),
    Style(
        name="empty values that hide each other: the chart's own before the global one",
        values="global: {hub: ''}\nweb: {hub: ''}\n",
        templates={
            "web.yaml": pod(
                "web",
                '{{ .Values.global.hub | default .Values.web.hub | default "quay.io/acme" }}'
                "/web:1.2.3",
            )
        },
        images=(WEB,),
        sets=("/web/hub",),
    ),
    Style(
        name="empty values of which the outer one disturbs an image that is inside",
        values="web: {hub: '', image: {registry: ''}}\n",
        templates={
            "web.yaml": pod(
                "web",
                '{{ .Values.web.hub | default .Values.web.image.registry | default "quay.io" }}'
                "/acme/web:1.2.3",
                '{{ .Values.web.hub | default "registry.corp.example" }}/mirror/acme/job:4.5.6',
            )
        },
        images=(WEB, JOB),
        sets=("/web/image/registry",),
    ),
    Style(
        name="value that no file of values has",
        values="{}\n",
        templates={
            "web.yaml": pod("web", '{{ .Values.imageHub | default "quay.io/acme" }}/web:1.2.3')
        },
        images=(WEB,),
        sets=("/imageHub",),
    ),
)
