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
{{- with $env }}
env:
  {{- range $k, $v := . }}
  - name: {{ $k }}
    value: {{ $v | quote }}
  {{- end }}
{{- end }}
envFrom:
  - configMapRef: {name: {{ .Release.Name }}-global-configmap}
  - secretRef: {name: {{ .Release.Name }}-global-secret}
  {{- if .Values.gorilla }}
  - secretRef: {name: {{ .Release.Name }}-bucket}
  - secretRef: {name: {{ .Release.Name }}-mysql}
  - secretRef: {name: {{ .Release.Name }}-gorilla-session-key}
  {{- end }}
{{- end }}
