{{- define "jobguard.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "jobguard.fullname" -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 50 | trimSuffix "-" }}
{{- else }}
{{- $name := include "jobguard.name" . }}
{{- if contains $name .Release.Name }}
{{- .Release.Name | trunc 50 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name $name | trunc 50 | trimSuffix "-" }}
{{- end }}
{{- end }}
{{- end }}

{{- define "jobguard.selectorLabels" -}}
app.kubernetes.io/name: {{ include "jobguard.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: webhook
{{- end }}

{{- define "jobguard.auditSelectorLabels" -}}
app.kubernetes.io/name: {{ include "jobguard.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: audit
{{- end }}

{{/* What every object of the chart has: (dict "root" $ "labels" more "annotations" more). */}}
{{- define "jobguard.metadata" -}}
{{- $root := .root -}}
labels:
  helm.sh/chart: {{ printf "%s-%s" $root.Chart.Name $root.Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
  app.kubernetes.io/name: {{ include "jobguard.name" $root }}
  app.kubernetes.io/instance: {{ $root.Release.Name }}
  app.kubernetes.io/component: {{ .component | default "webhook" }}
  app.kubernetes.io/part-of: jobguard
  app.kubernetes.io/version: {{ $root.Chart.AppVersion | quote }}
  app.kubernetes.io/managed-by: {{ $root.Release.Service }}
  {{- with mergeOverwrite (dict) $root.Values.commonLabels (.labels | default dict) }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- with mergeOverwrite (dict) $root.Values.commonAnnotations (.annotations | default dict) }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- define "jobguard.image" -}}
{{- $tag := .image.tag | default .fallback }}
{{- $name := .image.repository }}
{{- with .image.registry }}{{ $name = printf "%s/%s" . $name }}{{ end }}
{{- if .image.digest }}{{ printf "%s@%s" $name .image.digest }}{{ else }}{{ printf "%s:%s" $name $tag }}{{ end }}
{{- end }}

{{- define "jobguard.serviceAccountName" -}}
{{- if .Values.serviceAccount.create }}
{{- default (include "jobguard.fullname" .) .Values.serviceAccount.name }}
{{- else }}
{{- if eq (toString .Values.serviceAccount.name) "default" }}{{ fail "serviceAccount.name: what the namespace's `default` account is given, every Pod there gets; name another, or let the chart create one" }}{{ end }}
{{- required "serviceAccount.name: name the service account, or let the chart create one; what the namespace's `default` account is given, every Pod there gets" .Values.serviceAccount.name }}
{{- end }}
{{- end }}

{{- define "jobguard.caSecret" -}}{{ include "jobguard.fullname" . }}-ca{{- end }}

{{/* The Secret with the server's certificate; none where the server makes its own. */}}
{{- define "jobguard.tlsSecret" -}}
{{- if eq .Values.certificates.mode "certManager" }}{{ include "jobguard.fullname" . }}-tls
{{- else if eq .Values.certificates.mode "existingSecret" }}
{{- required "certificates.existingSecret.name: name the Secret" .Values.certificates.existingSecret.name }}
{{- end }}
{{- end }}

{{/* Whether the server talks to the API server: "true" or nothing. */}}
{{- define "jobguard.usesApi" -}}
{{- if or (eq .Values.certificates.mode "selfManaged") (has true (values .Values.watch)) .Values.audit.enabled }}true{{ end }}
{{- end }}

{{/* The name of what belongs to the audit. That of a CronJob has 52 characters at most. */}}
{{- define "jobguard.auditName" -}}
{{- include "jobguard.fullname" . | trunc 46 | trimSuffix "-" }}-audit
{{- end }}

{{- define "jobguard.auditServiceAccountName" -}}
{{- with .Values.audit.serviceAccount }}
{{- if .create }}
{{- .name | default (include "jobguard.auditName" $) }}
{{- else }}
{{- if eq (toString .name) "default" }}{{ fail "audit.serviceAccount.name: what the namespace's `default` account is given, every Pod there gets; name another, or let the chart create one" }}{{ end }}
{{- required "audit.serviceAccount.name: name the service account, or let the chart create one" .name }}
{{- end }}
{{- end }}
{{- end }}

{{/* What the audit may list: of Jobs, of what holds such, and of what rules ask about. The same as `jobguard audit --print-rbac`
     prints, but for kinds of extensions, of which only those of extraKinds are asked about. */}}
{{- define "jobguard.auditRules" -}}
- apiGroups: [batch]
  resources: [cronjobs, jobs]
  verbs: [list]
{{- range .Values.extraKinds }}
- apiGroups: {{ toJson .apiGroups }}
  resources: {{ toJson .resources }}
  verbs: [list]
{{- end }}
{{- if .Values.audit.neighbours }}
- apiGroups: [""]
  resources: [configmaps, limitranges, persistentvolumeclaims, resourcequotas, serviceaccounts, services]
  verbs: [list]
- apiGroups: [apps]
  resources: [deployments, statefulsets]
  verbs: [list]
- apiGroups: [autoscaling]
  resources: [horizontalpodautoscalers]
  verbs: [list]
- apiGroups: [policy]
  resources: [poddisruptionbudgets]
  verbs: [list]
{{- end }}
{{- if has .Values.audit.report (list "auto" "openreports") }}
- apiGroups: [openreports.io]
  resources: [reports]
  verbs: [get, list, create, patch, delete]
{{- end }}
{{- if has .Values.audit.report (list "auto" "policyreport") }}
- apiGroups: [wgpolicyk8s.io]
  resources: [policyreports]
  verbs: [get, list, create, patch, delete]
{{- end }}
{{- end }}

{{/* Whether the replicas' account may write webhook configurations: "true" or nothing. */}}
{{- define "jobguard.writesWebhooks" -}}
{{- if and (eq .Values.certificates.mode "selfManaged") (or .Values.mutating.enabled .Values.validating.enabled) }}true{{ end }}
{{- end }}

{{/* Whether a ValidatingAdmissionPolicy restricts what that account writes: "true" or nothing. Only a cluster that was asked
     lists kinds; elsewhere (`helm template`) its version tells. */}}
{{- define "jobguard.restrictsAccount" -}}
{{- if include "jobguard.writesWebhooks" . }}
{{- $group := "admissionregistration.k8s.io/v1" }}
{{- $served := semverCompare ">=1.30.0-0" .Capabilities.KubeVersion.Version }}
{{- if .Capabilities.APIVersions.Has (printf "%s/ValidatingWebhookConfiguration" $group) }}
{{- $served = .Capabilities.APIVersions.Has (printf "%s/ValidatingAdmissionPolicy" $group) }}
{{- end }}
{{- if or (eq .Values.rbac.admissionPolicy "always") (and (eq .Values.rbac.admissionPolicy "auto") $served) }}true{{ end }}
{{- end }}
{{- end }}

{{/* Where a NetworkPolicy finds the API servers: ports and peers. If they are looked up, that is what the Service
     `kubernetes` leads to, and its own addresses too: some networks judge a packet before it is sent on to an endpoint. */}}
{{- define "jobguard.apiServer" -}}
{{- $peers := .Values.networkPolicy.apiServerPeers }}
{{- $ports := .Values.networkPolicy.apiServerPorts }}
{{- if and .Values.networkPolicy.apiServerLookup (not $peers) }}
{{- $slice := lookup "discovery.k8s.io/v1" "EndpointSlice" "default" "kubernetes" }}
{{- $service := lookup "v1" "Service" "default" "kubernetes" }}
{{- if and $slice $service }}
{{- $addresses := $service.spec.clusterIPs }}
{{- range $slice.endpoints }}{{ $addresses = concat $addresses .addresses }}{{ end }}
{{- $ports = list }}
{{- range $service.spec.ports }}{{ $ports = append $ports (int .port) }}{{ end }}
{{- range $slice.ports }}{{ $ports = append $ports (int .port) }}{{ end }}
{{- $ports = $ports | uniq }}
{{- range $addresses | uniq | sortAlpha }}
{{- $peers = append $peers (dict "ipBlock" (dict "cidr" (printf "%s/%s" . (ternary "128" "32" (contains ":" .))))) }}
{{- end }}
{{- end }}
{{- end }}
{{- dict "ports" $ports "peers" $peers | toYaml }}
{{- end }}

{{/* The ConfigMap with the policy; none for a built-in one. */}}
{{- define "jobguard.policyConfigMap" -}}
{{- if and .Values.policy.inline .Values.policy.existingConfigMap.name }}
{{- fail "policy: give either inline or existingConfigMap" }}
{{- end }}
{{- if .Values.policy.inline }}{{ include "jobguard.fullname" . }}-policy
{{- else }}{{ .Values.policy.existingConfigMap.name }}
{{- end }}
{{- end }}

{{/* The spec of the policy that is given inline; what it does not extend otherwise is the preset. */}}
{{- define "jobguard.policySpec" -}}
{{- toYaml (merge (deepCopy .Values.policy.inline) (dict "extends" .Values.policy.preset)) }}
{{- end }}

{{- define "jobguard.policyKey" -}}
{{- if .Values.policy.inline }}jobguard.yaml{{ else }}{{ .Values.policy.existingConfigMap.key }}{{ end }}
{{- end }}

{{/* How many Pods there are at least. */}}
{{- define "jobguard.leastReplicas" -}}
{{- ternary .Values.autoscaling.minReplicas .Values.replicaCount .Values.autoscaling.enabled }}
{{- end }}

{{/* Whether the budget never lets a Pod go: "true" or nothing. Percentages are rounded up, as Kubernetes does. */}}
{{- define "jobguard.blocksDrains" -}}
{{- $replicas := include "jobguard.leastReplicas" . | int }}
{{- with .Values.podDisruptionBudget }}
{{- if not .enabled }}
{{- else if kindIs "invalid" .minAvailable }}
{{- if has (toString .maxUnavailable) (list "0" "0%") }}true{{ end }}
{{- else }}
{{- $least := toString .minAvailable }}
{{- $needed := $least | int }}
{{- if hasSuffix "%" $least }}{{ $needed = div (add (mul $replicas (trimSuffix "%" $least | int)) 99) 100 | int }}{{ end }}
{{- if ge $needed $replicas }}true{{ end }}
{{- end }}
{{- end }}
{{- end }}

{{/* Why answers to API servers never name a finding; nothing where they do. */}}
{{- define "jobguard.isSilent" -}}
{{- if not .Values.validating.enabled }}The validating webhook is switched off: nothing is refused or warned about.
{{- else if eq (toString .Values.policy.inline.mode) "audit" }}The policy only audits: no answer names what is found. Look at the metric jobguard_findings_total, or at the audit log.
{{- end }}
{{- end }}

{{/* Whether an override of the inline policy matches by labels of namespaces, which no replica knows: "true" or nothing. */}}
{{- define "jobguard.lacksNamespaceLabels" -}}
{{- if not .Values.watch.namespaces }}
{{- $found := dict }}
{{- range .Values.policy.inline.overrides }}
{{- if and (kindIs "map" .) (kindIs "map" .match) }}
{{- if hasKey .match "namespaceLabels" }}{{- $_ := set $found "any" true }}{{- end }}
{{- end }}
{{- end }}
{{- if $found.any }}true{{ end }}
{{- end }}
{{- end }}

{{- define "jobguard.gracePeriod" -}}
{{- $least := add .Values.shutdownDelaySeconds 15 | int }}
{{- $given := .Values.terminationGracePeriodSeconds }}
{{- if kindIs "invalid" $given }}{{ add $least 5 }}
{{- else if lt (int $given) $least }}
{{- fail (printf "terminationGracePeriodSeconds: %d is too short: the shutdown delay and the drain take up to %d seconds" (int $given) $least) }}
{{- else }}{{ $given }}
{{- end }}
{{- end }}

{{/* Whether a cluster of OpenShift gives Pods their user and group: "true" or nothing. */}}
{{- define "jobguard.onOpenShift" -}}
{{- $served := .Capabilities.APIVersions.Has "security.openshift.io/v1" }}
{{- if or (eq .Values.openshift "always") (and (eq .Values.openshift "auto") $served) }}true{{ end }}
{{- end }}

{{/* A security context, of a Pod or a container: (dict "root" $ "context" values). On OpenShift without the user and the groups
     that the chart would choose, which are outside of every namespace's range there. */}}
{{- define "jobguard.securityContext" -}}
{{- $context := .context | default dict }}
{{- if include "jobguard.onOpenShift" .root }}
{{- range list "runAsUser" "runAsGroup" "fsGroup" }}
{{- if eq (get $context . | int) 65532 }}{{ $context = omit $context . }}{{ end }}
{{- end }}
{{- end }}
{{- toYaml $context }}
{{- end }}

{{/* What keeps the proxies of service meshes out of a Pod, as labels and as annotations. */}}
{{- define "jobguard.withoutMesh" -}}
labels:
  sidecar.istio.io/inject: "false"
  istio.io/dataplane-mode: none
  kuma.io/sidecar-injection: disabled
annotations:
  linkerd.io/inject: disabled
{{- end }}

{{/* The same for the replicas: with a proxy, both ports bypass it. */}}
{{- define "jobguard.mesh" -}}
{{- if .Values.mesh.sidecar }}
{{- $ports := printf "%d,%d" (int .Values.ports.webhook) (int .Values.ports.metrics) | quote }}
labels:
  istio.io/dataplane-mode: none
annotations:
  traffic.sidecar.istio.io/excludeInboundPorts: {{ $ports }}
  traffic.kuma.io/exclude-inbound-ports: {{ $ports }}
  config.linkerd.io/skip-inbound-ports: {{ $ports }}
{{- else }}
{{- include "jobguard.withoutMesh" . }}
{{- end }}
{{- end }}

{{/* Fails where two things would be served on one port, or the node has a port in use already. */}}
{{- define "jobguard.checkPorts" -}}
{{- $webhook := int .Values.ports.webhook }}
{{- $metrics := int .Values.ports.metrics }}
{{- if eq $webhook $metrics }}
{{- fail (printf "ports: webhook and metrics are both %d; each needs a port of its own" $webhook) }}
{{- end }}
{{- if eq (int .Values.service.port) $metrics }}
{{- fail (printf "service.port: %d is ports.metrics too, and the Service has both; change one of them" $metrics) }}
{{- end }}
{{- if .Values.hostNetwork }}
{{- $taken := dict "10248" "the kubelet (health)" "10249" "kube-proxy (metrics)" "10250" "the kubelet" "10255" "the kubelet (read-only)" "10256" "kube-proxy (health)" }}
{{- range $name, $port := dict "webhook" $webhook "metrics" $metrics }}
{{- with get $taken (toString $port) }}
{{- fail (printf "ports.%s: with hostNetwork, %d is the port of %s on every node; choose another one" $name $port .) }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{/* maxUnavailable and maxSurge. With hostNetwork a new Pod finds its ports in use where an old one runs, so that an old one
     must be able to go first. */}}
{{- define "jobguard.rollingUpdate" -}}
{{- $update := dict "maxUnavailable" (ternary 1 0 .Values.hostNetwork) "maxSurge" (ternary 0 1 .Values.hostNetwork) }}
{{- range $key, $value := .Values.strategy.rollingUpdate | default dict }}
{{- if not (kindIs "invalid" $value) }}{{ $_ := set $update $key $value }}{{ end }}
{{- end }}
{{- $unavailable := toString $update.maxUnavailable }}
{{- $going := $unavailable | int }}
{{- if hasSuffix "%" $unavailable }}
{{- /* Rounded down, as Kubernetes does. */}}
{{- $going = div (mul (include "jobguard.leastReplicas" . | int) (trimSuffix "%" $unavailable | int)) 100 | int }}
{{- end }}
{{- if has (toString $update.maxSurge) (list "0" "0%") }}
{{- if has $unavailable (list "0" "0%") }}
{{- fail "strategy.rollingUpdate: maxUnavailable and maxSurge are both 0, so that no Pod could ever be replaced" }}
{{- end }}
{{- else if and .Values.hostNetwork (eq $going 0) (gt (include "jobguard.leastReplicas" . | int) 0) }}
{{- fail "strategy.rollingUpdate: with hostNetwork, a new Pod does not start where an old one has the ports; let maxUnavailable be 1 or more" }}
{{- end }}
{{- toYaml $update }}
{{- end }}

{{/* Whether the priority class is one that clusters may limit outside kube-system: "true" or nothing. */}}
{{- define "jobguard.isCritical" -}}
{{- if has .Values.priorityClassName (list "system-cluster-critical" "system-node-critical") }}
{{- if ne .Release.Namespace "kube-system" }}true{{ end }}
{{- end }}
{{- end }}

{{/* The annotations of a webhook configuration, with what cert-manager's cainjector reads. */}}
{{- define "jobguard.webhookAnnotations" -}}
{{- $annotations := .webhook.annotations | default dict }}
{{- if eq .root.Values.certificates.mode "certManager" }}
{{- $annotations = merge (dict "cert-manager.io/inject-ca-from" (printf "%s/%s" .root.Release.Namespace (include "jobguard.fullname" .root))) $annotations }}
{{- end }}
{{- if .root.Values.aks.admissionsEnforcerDisabled }}
{{- $annotations = merge (dict "admissions.enforcer/disabled" "true") $annotations }}
{{- end }}
{{- toYaml $annotations }}
{{- end }}

{{/* The labels of a webhook configuration: AKS reads either kind of mark. */}}
{{- define "jobguard.webhookLabels" -}}
{{- if .Values.aks.admissionsEnforcerDisabled }}
admissions.enforcer/disabled: "true"
{{- else -}}
{}
{{- end }}
{{- end }}

{{/* What both kinds of webhooks have: (dict "root" $ "webhook" values "path" "/..." "extraKinds" list). Every field that the API server
     would fill in is written, so that nothing drifts. */}}
{{- define "jobguard.webhook" -}}
{{- $root := .root -}}
clientConfig:
  service:
    name: {{ include "jobguard.fullname" $root }}
    namespace: {{ $root.Release.Namespace }}
    path: {{ .path }}
    port: {{ $root.Values.service.port }}
  {{- if eq $root.Values.certificates.mode "existingSecret" }}
  {{- with $root.Values.certificates.existingSecret.caBundle }}
  caBundle: {{ b64enc . }}
  {{- end }}
  {{- end }}
rules:
  - apiGroups: [batch]
    apiVersions: [v1]
    operations: [CREATE, UPDATE]
    resources: [cronjobs, jobs]
    scope: Namespaced
  {{- range .extraKinds }}
  - apiGroups: {{ toJson .apiGroups }}
    apiVersions: {{ .apiVersions | default (list "*") | toJson }}
    operations: [CREATE, UPDATE]
    resources: {{ toJson .resources }}
    scope: {{ .scope | default "*" | quote }}
  {{- end }}
admissionReviewVersions: [v1]
sideEffects: None
matchPolicy: Equivalent
failurePolicy: {{ .webhook.failurePolicy }}
timeoutSeconds: {{ .webhook.timeoutSeconds }}
namespaceSelector:
  {{- with .webhook.namespaceSelector.matchLabels }}
  matchLabels:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  matchExpressions:
    - key: kubernetes.io/metadata.name
      operator: NotIn
      values:
        {{- concat (list "kube-system" $root.Release.Namespace) $root.Values.excludeNamespaces | uniq | sortAlpha | toYaml | nindent 8 }}
    {{- with .webhook.namespaceSelector.matchExpressions }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
{{- with .webhook.objectSelector }}
objectSelector:
  {{- toYaml . | nindent 2 }}
{{- else }}
objectSelector: {}
{{- end }}
matchConditions:
  # What is being deleted must be able to lose its finalizers, also while nobody answers.
  - name: not-being-deleted
    expression: request.operation != 'UPDATE' || !has(oldObject.metadata.deletionTimestamp)
  {{- with .webhook.matchConditions }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end }}
