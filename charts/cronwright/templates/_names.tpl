{{/* Names and labels. Everything that refers to another object takes its name from here. */}}

{{- define "cronwright.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 45 | trimSuffix "-" -}}
{{- end -}}

{{/* At most 45 characters, so that every suffix still fits a label of 63. */}}
{{- define "cronwright.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 45 | trimSuffix "-" -}}
{{- else if contains (include "cronwright.name" .) .Release.Name -}}
{{- .Release.Name | trunc 45 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (include "cronwright.name" .) | trunc 45 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "cronwright.operatorAccount" -}}
{{ include "cronwright.fullname" . }}-operator
{{- end -}}

{{- define "cronwright.apiAccount" -}}
{{ include "cronwright.fullname" . }}-api
{{- end -}}

{{- define "cronwright.selector" -}}
app.kubernetes.io/name: {{ include "cronwright.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "cronwright.labels" -}}
{{ include "cronwright.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end -}}

{{- define "cronwright.image" -}}
{{- $image := .Values.image -}}
{{- if $image.digest -}}
{{ $image.repository }}@{{ $image.digest }}
{{- else -}}
{{ $image.repository }}:{{ default .Chart.AppVersion $image.tag }}
{{- end -}}
{{- end -}}

{{- define "cronwright.defaultNamespace" -}}
{{- .Values.api.defaultNamespace | default .Values.watchNamespace | default "default" -}}
{{- end -}}

{{- define "cronwright.leaseName" -}}
{{- .Values.leaderElection.name | default (include "cronwright.fullname" .) -}}
{{- end -}}

{{- define "cronwright.leaseNamespace" -}}
{{- .Values.leaderElection.namespace | default .Release.Namespace -}}
{{- end -}}
