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
