#!/bin/sh
# What a stack with `modelCache.retain: true` leaves on the cluster when it is destroyed: the volume claim with the model's
# weights, and its namespace. Both carry the stack's label (components/lifecycle/retained.py), and nothing else is touched.
# ci/weights.sh show|delete STACK
set -eu
verb=${1:-}
stack=${2:-}
cd "$(dirname "$0")/.."
. ci/need-stack.sh
project=$(sed -n 's/^name: *//p' Pulumi.yaml)
label=dynamo-wideep/stack=$(printf %s "$project.$name" | tr -c 'A-Za-z0-9_.-' - | cut -c1-63)
namespace=$(pulumi config get namespace --stack "$stack")

claims=$(kubectl get pvc --namespace "$namespace" --selector "$label" --output name)
case $verb in
show)
    if [ -n "$claims" ]; then
        echo "Kept: $claims in namespace $namespace, with the model's weights. The next \`pulumi up\` uses it again."
        echo "  To delete it: make live-destroy STACK=$stack CONFIRM=$stack WEIGHTS=delete"
    fi
    ;;
delete)
    if [ -n "$claims" ]; then
        kubectl delete pvc --namespace "$namespace" --selector "$label"
    fi
    ours=$(kubectl get namespaces --selector "$label" --field-selector "metadata.name=$namespace" --output name)
    if [ -n "$ours" ]; then
        # The claims of the platform's etcd and NATS outlive their Helm release.
        others=$(kubectl get pods,pvc --namespace "$namespace" --selector 'app.kubernetes.io/instance!=dynamo-platform' \
            --output name | tr '\n' ' ')
        if [ -n "$others" ]; then
            echo "The weights are deleted. Namespace $namespace stays, because it holds what is not this stack's: $others"
        else
            kubectl delete namespace "$namespace"
        fi
    fi
    ;;
*)
    echo "weights.sh knows show and delete; not $verb" >&2
    exit 2
    ;;
esac
