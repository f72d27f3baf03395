{{- define "parent.mysqlHost" -}}
{{ .Values.global.mysql.host | default (printf "%s-mysql" .Release.Name) }}
{{- end }}
{{- define "parent.redisHost" -}}
{{ .Values.global.redis.host | default (printf "%s-redis-master" .Release.Name) }}
{{- end }}
{{- define "parent.randomKey" -}}
{{- $old := lookup "v1" "Secret" .root.Release.Namespace .secret }}
{{- if $old }}{{ index $old.data .key }}{{ else }}{{ randAlphaNum 24 | b64enc }}{{ end }}
{{- end }}
{{- /* What the chart's version can do, for the charts below too: the version of Chart.yaml. */ -}}
{{- define "parent.version" -}}0.28.0{{- end }}
{{- /* The name of a Secret, where the version takes one: dict since, name. */ -}}
{{- define "parent.reference" -}}
{{- if semverCompare (printf ">=%s" .since) (include "parent.version" .) }}{{ .name }}{{ end -}}
{{- end }}
{{- define "parent.licenseSecret" -}}
{{ include "parent.reference" (dict "since" "0.18.3" "name" .Values.global.licenseSecret.name) }}
{{- end }}
{{- define "parent.mysqlSecret" -}}
{{ include "parent.reference" (dict "since" "0.18.8" "name" .Values.global.mysql.passwordSecret.name) }}
{{- end }}
{{- define "parent.bucketSecret" -}}
{{ include "parent.reference" (dict "since" "0.21.0" "name" .Values.global.bucket.secret.secretName) }}
{{- end }}
{{- define "parent.redisSecret" -}}
{{ include "parent.reference" (dict "since" "0.26.3" "name" .Values.global.redis.secret.secretName) }}
{{- end }}
