#!/bin/sh
# Gives a job its way to the cluster: a kubeconfig that asks for a new short-lived OIDC token whenever one is needed.
# KUBE_SERVER, KUBE_CA (base64 of the certificate) and KUBE_AUDIENCE say where; docs/ci.md says what the cluster needs.
# With KUBECONFIG set it leaves everything as it is. Outside GitHub Actions: eval "$(sh ci/login.sh)".
set -eu
cd "$(dirname "$0")/.."

if [ -n "${KUBECONFIG:-}" ]; then
    echo "KUBECONFIG is set: the job logs in with that." >&2
    exit 0
fi
for name in KUBE_SERVER KUBE_CA KUBE_AUDIENCE; do
    eval "value=\${$name:-}"
    if [ -z "$value" ]; then
        echo "$name is not set, nor is KUBECONFIG: the job does not know its cluster (docs/ci.md, Log in)" >&2
        exit 1
    fi
done

umask 077
folder=${RUNNER_TEMP:-$(mktemp -d)}
cat > "$folder/kubeconfig" <<YAML
apiVersion: v1
kind: Config
current-context: ci
contexts: [{name: ci, context: {cluster: ci, user: ci}}]
clusters: [{name: ci, cluster: {server: "$KUBE_SERVER", certificate-authority-data: "$KUBE_CA"}}]
users:
  - name: ci
    user:
      exec:
        apiVersion: client.authentication.k8s.io/v1
        interactiveMode: Never
        command: "$PWD/.venv/bin/python"
        args: ["$PWD/ci/id_token.py", "$KUBE_AUDIENCE"]
YAML
settings="KUBECONFIG=$folder/kubeconfig"
if [ -n "${AWS_ROLE_ARN:-}" ]; then
    .venv/bin/python ci/id_token.py --raw sts.amazonaws.com > "$folder/aws-token"
    settings="$settings
AWS_ROLE_ARN=$AWS_ROLE_ARN
AWS_WEB_IDENTITY_TOKEN_FILE=$folder/aws-token"
fi
if [ -n "${GITHUB_ENV:-}" ]; then
    echo "$settings" >> "$GITHUB_ENV"
else
    # For eval: nothing in a value is the shell's.
    echo "$settings" | sed "s/'/'\\\\''/g; s/^\([A-Z_]*\)=\(.*\)/export \1='\2'/"
fi
