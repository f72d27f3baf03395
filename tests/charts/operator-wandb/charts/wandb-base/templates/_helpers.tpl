{{- define "wandb-base.image" -}}
{{- $ref := printf "%s:%s" .image.repository (toString .image.tag) -}}
{{- with .root.Values.global.repositoryPrefix }}{{ $ref = printf "%s/%s" (trimSuffix "/" .) $ref }}{{ end -}}
{{ $ref | quote }}
{{- end }}

{{- define "wandb-base.pullSecrets" -}}
{{- with .Values.global.imagePullSecrets }}
imagePullSecrets: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- define "wandb-base.env" -}}
{{- $env := dict }}
{{- if .Values.gorilla }}
{{- $_ := set $env "GORILLA_EMAIL_SINK" "https://api.wandb.ai/email/dispatch" }}
{{- with .Values.global.email.smtp }}{{ if .host }}
{{- $_ := set $env "GORILLA_EMAIL_SINK" (printf "smtp://%s:$(SMTP_PASSWORD)@%s:%v" .user .host .port) }}
{{- end }}{{ end }}
{{- $env = mergeOverwrite $env .Values.global.extraEnv }}
{{- end }}
{{- with .Values.workerImage }}{{ $_ := set $env "WORKER_IMAGE" . }}{{ end }}
{{- $references := list }}
{{- with include "parent.licenseSecret" . }}
{{- $references = append $references (list "LICENSE" . $.Values.global.licenseSecret.key) }}
{{- end }}
{{- with include "parent.redisSecret" . }}
{{- $references = append $references (list "REDIS_PASSWORD" . $.Values.global.redis.secret.secretKey) }}
{{- end }}
{{- if .Values.gorilla }}
{{- with include "parent.mysqlSecret" . }}
{{- $references = append $references (list "MYSQL_PASSWORD" . $.Values.global.mysql.passwordSecret.passwordKey) }}
{{- end }}
{{- with include "parent.bucketSecret" . }}
{{- $references = append $references (list "ACCESS_KEY" . $.Values.global.bucket.secret.accessKeyName) }}
{{- $references = append $references (list "SECRET_KEY" . $.Values.global.bucket.secret.secretKeyName) }}
{{- end }}
{{- end }}
{{- if or $env $references }}
env:
  {{- range $k, $v := $env }}
  - name: {{ $k }}
    value: {{ $v | quote }}
  {{- end }}
  {{- range $references }}
  - name: {{ index . 0 }}
    valueFrom:
      secretKeyRef: {name: {{ index . 1 }}, key: {{ index . 2 }}}
  {{- end }}
{{- end }}
envFrom:
  - configMapRef: {name: {{ .Release.Name }}-global-configmap}
  - secretRef: {name: {{ .Release.Name }}-global-secret}
  {{- if .Values.gorilla }}
  {{- if not (include "parent.bucketSecret" .) }}
  - secretRef: {name: {{ .Release.Name }}-bucket}
  {{- end }}
  - secretRef: {name: {{ .Release.Name }}-mysql}
  - secretRef: {name: {{ .Release.Name }}-gorilla-session-key}
  {{- end }}
{{- end }}
