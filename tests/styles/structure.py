"""Styles that close: charts of charts, and images that hide in other places."""

from tests.styles.model import JOB, WEB, Style, below, metadata, pod, subchart

_JOB_VALUES = "image: {repository: quay.io/acme/job, tag: 4.5.6}\n"
_JOB = pod("job-{{ .Chart.Name }}", "{{ .Values.image.repository }}:{{ .Values.image.tag }}")

STYLES = (
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
        name="image that only an upgrade has",
        values="image: quay.io/acme/web:1.2.3\nmigrate: ghcr.io/acme/job:4.5.6\n",
        templates={
            "web.yaml": pod("web", "{{ .Values.image }}"),
            "migrate.yaml": "{{- if .Release.IsUpgrade }}\n"
            + pod("migrate", "{{ .Values.migrate }}")
            + "{{- end }}\n",
        },
        images=(WEB, JOB),
        sets=("/image", "/migrate"),
    ),
    Style(
        name="chart in a chart: its values pass through",
        values="image: {repository: quay.io/acme/web, tag: 1.2.3}\n",
        templates={
            "inner.yaml": "apiVersion: acme.example/v1\nkind: Inner\nmetadata: {name: inner}\n"
            "spec: {values: {image: {repository: {{ .Values.image.repository }}, "
            "tag: {{ .Values.image.tag }}}}}\n"
        },
        images=(WEB,),
        sets=("/image/repository",),
    ),
)
