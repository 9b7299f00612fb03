{{/* The two containers of the pod, and what both of them need. */}}

{{/* The directory, in memory, in which the operator leaves the API's token. */}}
{{- define "cronwright.tokenDirectory" -}}
/var/run/secrets/cronwright.dev/api
{{- end -}}

{{/* A CA certificate and a namespace are no secrets; a token is mounted where it is needed only. */}}
{{- define "cronwright.clusterFiles" -}}
- configMap:
    name: kube-root-ca.crt
    items:
      - key: ca.crt
        path: ca.crt
- downwardAPI:
    items:
      - path: namespace
        fieldRef:
          fieldPath: metadata.namespace
{{- end -}}

{{- define "cronwright.commonEnv" -}}
- name: POD_IP
  valueFrom:
    fieldRef:
      fieldPath: status.podIP
- name: CRONWRIGHT_BIND_ADDRESS
  value: {{ .Values.bindAddress | quote }}
- name: CRONWRIGHT_LOG_LEVEL
  value: {{ .Values.logLevel | quote }}
- name: CRONWRIGHT_LOG_FORMAT
  value: {{ .Values.logFormat | quote }}
{{- end -}}

{{- define "cronwright.probes" -}}
livenessProbe:
  httpGet:
    path: /livez
    port: {{ . }}
  initialDelaySeconds: 10
  periodSeconds: 10
  timeoutSeconds: 5
readinessProbe:
  httpGet:
    path: /readyz
    port: {{ . }}
  initialDelaySeconds: 1
  periodSeconds: 5
  timeoutSeconds: 5
{{- end -}}

{{- define "cronwright.operatorContainer" -}}
name: operator
image: {{ include "cronwright.image" . | quote }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
command: {{ toJson .Values.operator.command }}
env:
  {{- include "cronwright.commonEnv" . | nindent 2 }}
  - name: CRONWRIGHT_NAMESPACE
    value: {{ .Values.watchNamespace | quote }}
  - name: CRONWRIGHT_WORKERS
    value: {{ .Values.operator.workers | quote }}
  - name: CRONWRIGHT_MAX_CONNECTIONS
    value: {{ .Values.operator.maxConnections | quote }}
  - name: CRONWRIGHT_RELIST_SECONDS
    value: {{ .Values.operator.relistSeconds | quote }}
  - name: CRONWRIGHT_CONCURRENCY_GROUP_SIZE
    value: {{ .Values.operator.concurrencyGroupSize | quote }}
  - name: CRONWRIGHT_HEALTH_PORT
    value: {{ .Values.operator.healthPort | quote }}
  - name: CRONWRIGHT_TASK_METRICS
    value: {{ .Values.operator.taskMetrics | quote }}
  - name: CRONWRIGHT_SLOW_RUN_FACTOR
    value: {{ .Values.operator.slowRunFactor | quote }}
  - name: CRONWRIGHT_LEADER_ELECTION
    value: {{ .Values.leaderElection.enabled | quote }}
  {{- with .Values.leaderElection }}
  {{- if .enabled }}
  - name: CRONWRIGHT_LEASE_NAMESPACE
    value: {{ include "cronwright.leaseNamespace" $ }}
  - name: CRONWRIGHT_LEASE_NAME
    value: {{ include "cronwright.leaseName" $ }}
  # A container that is started again in the same pod need not wait for its own Lease to run out.
  - name: CRONWRIGHT_LEASE_IDENTITY
    valueFrom:
      fieldRef:
        fieldPath: metadata.name
  - name: CRONWRIGHT_LEASE_DURATION_SECONDS
    value: {{ .leaseDurationSeconds | quote }}
  - name: CRONWRIGHT_LEASE_RENEW_DEADLINE_SECONDS
    value: {{ .renewDeadlineSeconds | quote }}
  - name: CRONWRIGHT_LEASE_RETRY_SECONDS
    value: {{ .retrySeconds | quote }}
  {{- end }}
  {{- end }}
  {{- if .Values.api.enabled }}
  - name: CRONWRIGHT_API_TOKEN_FILE
    value: {{ include "cronwright.tokenDirectory" . }}/token
  - name: CRONWRIGHT_API_SERVICE_ACCOUNT
    value: {{ include "cronwright.apiAccount" . }}
  - name: CRONWRIGHT_API_SERVICE_ACCOUNT_NAMESPACE
    valueFrom:
      fieldRef:
        fieldPath: metadata.namespace
  {{- end }}
  {{- with .Values.operator.extraEnv }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
ports:
  - name: health
    containerPort: {{ .Values.operator.healthPort }}
{{ include "cronwright.probes" "health" }}
resources:
  {{- toYaml .Values.operator.resources | nindent 2 }}
securityContext:
  {{- toYaml .Values.containerSecurityContext | nindent 2 }}
volumeMounts:
  - name: operator-account
    mountPath: /var/run/secrets/kubernetes.io/serviceaccount
    readOnly: true
  {{- if .Values.api.enabled }}
  - name: api-token
    mountPath: {{ include "cronwright.tokenDirectory" . }}
  {{- end }}
  - name: operator-tmp
    mountPath: /tmp
{{- end -}}

{{- define "cronwright.apiContainer" -}}
name: api
image: {{ include "cronwright.image" . | quote }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
command: {{ toJson .Values.api.command }}
env:
  {{- include "cronwright.commonEnv" . | nindent 2 }}
  - name: CRONWRIGHT_PORT
    value: {{ .Values.api.port | quote }}
  - name: CRONWRIGHT_METRICS_PORT
    value: {{ .Values.api.metricsPort | quote }}
  - name: CRONWRIGHT_OPERATOR_HEALTH_PORT
    value: {{ .Values.operator.healthPort | quote }}
  - name: CRONWRIGHT_TOKEN_FILE
    value: {{ include "cronwright.tokenDirectory" . }}/token
  - name: CRONWRIGHT_CA_FILE
    value: /var/run/secrets/cronwright.dev/cluster/ca.crt
  - name: CRONWRIGHT_DEFAULT_NAMESPACE
    value: {{ include "cronwright.defaultNamespace" . }}
  - name: CRONWRIGHT_AUDIENCES
    value: {{ join "," .Values.api.audiences | quote }}
  - name: CRONWRIGHT_REVIEW_CACHE_SECONDS
    value: {{ .Values.api.reviewCacheSeconds | quote }}
  {{- with .Values.api.extraEnv }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
ports:
  - name: api
    containerPort: {{ .Values.api.port }}
  - name: api-metrics
    containerPort: {{ .Values.api.metricsPort }}
{{ include "cronwright.probes" "api" }}
resources:
  {{- toYaml .Values.api.resources | nindent 2 }}
securityContext:
  {{- toYaml .Values.containerSecurityContext | nindent 2 }}
volumeMounts:
  - name: cluster
    mountPath: /var/run/secrets/cronwright.dev/cluster
    readOnly: true
  - name: api-token
    mountPath: {{ include "cronwright.tokenDirectory" . }}
    readOnly: true
  - name: api-tmp
    mountPath: /tmp
{{- end -}}
