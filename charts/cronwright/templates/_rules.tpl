{{/* What the operator and the API may do: each rule is a request that one of them makes. */}}

{{- define "cronwright.operatorRules" -}}
# Watches tasks; takes the annotations of requests off that it has answered.
- apiGroups: [cronwright.dev]
  resources: [scheduledtasks]
  verbs: [get, list, watch, patch]
- apiGroups: [cronwright.dev]
  resources: [scheduledtasks/status]
  verbs: [update]
# Owns CronJobs, and these Jobs, with blockOwnerDeletion, which clusters may tie to this right.
- apiGroups: [cronwright.dev]
  resources: [scheduledtasks/finalizers]
  verbs: [update]
- apiGroups: [batch]
  resources: [cronjobs/finalizers]
  verbs: [update]
# Writes the CronJob of each task. Those that go are the garbage collector's.
- apiGroups: [batch]
  resources: [cronjobs]
  verbs: [get, list, watch, create, patch]
# Marks passed slots as done with before an edit; enters the runs that it starts.
- apiGroups: [batch]
  resources: [cronjobs/status]
  verbs: [patch]
# Starts requested runs, ends runs at their timeout or when cancelled, prunes recorded ones.
- apiGroups: [batch]
  resources: [jobs]
  verbs: [get, list, watch, create, patch, delete]
# Reads how runs end; labels the pods of an adopted CronJob.
- apiGroups: [""]
  resources: [pods]
  verbs: [get, list, watch, patch]
- apiGroups: [""]
  resources: [pods/log]
  verbs: [get]
# Reads the sizes of concurrency groups; no other ConfigMap.
- apiGroups: [""]
  resources: [configmaps]
  resourceNames: [cronwright-concurrency-groups]
  verbs: [list, watch]
# Says why a request was refused, which run is slow, and which size of a group can't be read; reads
# why the CronJob controller could not make a Job and why a run does not get going.
- apiGroups: [""]
  resources: [events]
  verbs: [list, create]
{{- end -}}

{{- define "cronwright.apiRules" -}}
# Acts for callers whose rights the cluster has confirmed.
- apiGroups: [cronwright.dev]
  resources: [scheduledtasks]
  verbs: [get, list, create, patch, delete]
- apiGroups: [""]
  resources: [pods]
  verbs: [get, list]
- apiGroups: [""]
  resources: [pods/log]
  verbs: [get]
{{- end -}}

{{/* A role and its binding: cluster-wide, or in the one namespace that is served. */}}
{{- define "cronwright.grant" -}}
{{- $scope := ternary "" "Cluster" (ne .root.Values.watchNamespace "") -}}
apiVersion: rbac.authorization.k8s.io/v1
kind: {{ $scope }}Role
metadata:
  name: {{ .account }}
  {{- if not $scope }}
  namespace: {{ .root.Values.watchNamespace }}
  {{- end }}
  labels:
    {{- include "cronwright.labels" .root | nindent 4 }}
rules:
  {{- include .rules .root | nindent 2 }}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: {{ $scope }}RoleBinding
metadata:
  name: {{ .account }}
  {{- if not $scope }}
  namespace: {{ .root.Values.watchNamespace }}
  {{- end }}
  labels:
    {{- include "cronwright.labels" .root | nindent 4 }}
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: {{ $scope }}Role
  name: {{ .account }}
subjects:
  - kind: ServiceAccount
    name: {{ .account }}
    namespace: {{ .root.Release.Namespace }}
{{- end -}}
