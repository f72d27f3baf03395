"""Styles that close: some value moves every image."""

from tests.styles.model import INSIDE, Style, below, metadata, pod, subchart

WEB = f"{INSIDE}/acme/web:1.2.3"
JOB = f"{INSIDE}/acme/job:4.5.6"

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


_JOB_VALUES = "image: {repository: quay.io/acme/job, tag: 4.5.6}\n"
_JOB = pod("job-{{ .Chart.Name }}", "{{ .Values.image.repository }}:{{ .Values.image.tag }}")

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
        name="library chart",
        values="image: {repository: quay.io/acme/web, tag: 1.2.3}\n",
        chart="dependencies: [{name: common, version: 1.0.0}]\n",
        templates={"web.yaml": pod("web", '{{ include "common.image" .Values.image }}')},
        files={
            "charts/common/Chart.yaml": metadata("common", "type: library\n"),
            "charts/common/templates/_image.tpl": '{{- define "common.image" -}}\n'
            "{{ .repository }}:{{ .tag }}\n{{- end -}}\n",
        },
        images=(WEB,),
        sets=("/image/repository",),
    ),
    Style(
        name="import-values",
        values="{}\n",
        chart="dependencies:\n  - {name: defaults, version: 1.0.0, import-values: [images]}\n",
        templates={"web.yaml": pod("web", "{{ .Values.web.repository }}:{{ .Values.web.tag }}")},
        files=subchart(
            "defaults",
            "exports: {images: {web: {repository: quay.io/acme/web, tag: 1.2.3}}}\n",
            {},
        ),
        images=(WEB,),
    ),
    Style(
        name="import-values from child to parent",
        values="{}\n",
        chart="dependencies:\n  - name: defaults\n    version: 1.0.0\n"
        "    import-values: [{child: images, parent: mine}]\n",
        templates={"web.yaml": pod("web", "{{ .Values.mine.web }}")},
        files=subchart(
            "defaults",
            "images: {web: quay.io/acme/web:1.2.3, job: ghcr.io/acme/job:4.5.6}\n",
            {"job.yaml": pod("job", "{{ .Values.images.job }}")},
        ),
        images=(WEB, JOB),
    ),
    Style(
        name="condition, tags and aliases, two levels",
        values="front: {enabled: true}\ntags: {jobs: true}\n",
        chart="dependencies:\n"
        "  - {name: middle, version: 1.0.0, alias: front, condition: front.enabled}\n"
        "  - {name: job, version: 1.0.0, alias: back, tags: [jobs]}\n"
        "  - {name: spare, version: 1.0.0, condition: spare.enabled}\n",
        user="spare: {enabled: false}",
        files={
            **subchart("job", _JOB_VALUES, {"job.yaml": _JOB}),
            **subchart("spare", "", {"pod.yaml": pod("spare", "quay.io/acme/spare:1.0.0")}),
            **subchart(
                "middle",
                "leaf: {enabled: true}\n",
                {},
                "dependencies:\n  - {name: inner, version: 1.0.0, alias: leaf, "
                "condition: leaf.enabled}\n",
            ),
            **below("middle", subchart("inner", _JOB_VALUES, {"job.yaml": _JOB})),
        },
        images=(JOB, JOB),
        sets=("/back/image/repository", "/front/leaf/image/repository"),
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
        name="environment variable, argument, texts and an annotation",
        values="helper: quay.io/acme/web:1.2.3\nhub: ghcr.io/acme\n",
        templates={
            "web.yaml": """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  annotations:
    sidecar.acme.example/image: {{ .Values.helper }}
spec:
  template:
    spec:
      containers:
        - name: web
          image: {{ .Values.helper }}
          args: ["--job-image={{ .Values.hub }}/job:4.5.6", --helper-image, {{ .Values.helper }}]
          env:
            - {name: HELPER_IMAGE, value: {{ .Values.helper }}}
""",
            "config.yaml": """\
apiVersion: v1
kind: ConfigMap
metadata: {name: config}
data:
  config.yaml: |
    first: {{ .Values.helper }}
    image: {{ .Values.hub }}/job:4.5.6
""",
        },
        images=(JOB, JOB, WEB, WEB, WEB, WEB, WEB),
        sets=("/helper", "/hub"),
    ),
    Style(
        name="custom resources of other operators",
        values="postgres: {image: ghcr.io/acme/job:4.5.6}\n"
        "search: {repository: quay.io/acme/web, tag: 1.2.3}\n",
        templates={
            "cluster.yaml": """\
apiVersion: db.acme.example/v1
kind: Cluster
metadata: {name: db}
spec:
  imageName: {{ .Values.postgres.image }}
""",
            "search.yaml": """\
apiVersion: search.acme.example/v1
kind: Search
metadata: {name: search}
spec:
  nodes:
    - image:
        repository: {{ .Values.search.repository }}
        tag: {{ .Values.search.tag }}
""",
        },
        images=(WEB, JOB),
        sets=("/postgres/image", "/search/repository"),
    ),
    Style(
        name="name of the resource comes from the image",
        values="image: quay.io/acme/web\n",
        templates={
            "web.yaml": pod('{{ .Values.image | replace "/" "-" }}', "{{ .Values.image }}:1.2.3")
        },
        images=(WEB,),
        sets=("/image",),
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
)
