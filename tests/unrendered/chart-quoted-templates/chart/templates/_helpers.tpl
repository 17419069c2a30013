{{- define "report.pod" }}
restartPolicy: OnFailure
{{- end }}
