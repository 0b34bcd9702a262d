#!/bin/sh
# One stack on its own cluster: what the workflows call, and a person may.
# ci/live.sh preview|drift|up|verify|destroy STACK [FOLDER for what a preview writes]
set -eu
umask 077  # event logs and previews are nobody else's
verb=${1:-}
stack=${2:-}
folder=${3:-previews}
cd "$(dirname "$0")/.."
. ci/need-stack.sh
events=$folder/$name.events.jsonl

preview() {
    mkdir -p "$folder"
    rm -f "$events" "$folder/$name.unchecked"
    refresh=--refresh
    if ! why=$(kubectl get --raw /readyz --request-timeout=15s 2>&1); then
        refresh=--refresh=false
        echo "what runs on the cluster now: it did not answer ($(echo "$why" | tail -n 1))" |
            tee "$folder/$name.unchecked" >&2
    fi
    # The event log is behind this switch; see ci/review/events.py.
    PULUMI_DEBUG_COMMANDS=true pulumi preview --stack "$stack" --non-interactive --color never --diff $refresh \
        --policy-pack policy --event-log "$events" "$@" >&2
}

case $verb in
preview)
    preview
    ;;
drift)
    code=0
    preview --expect-no-changes || code=$?
    if [ $code = 0 ]; then found=--same; else found=--differs; fi
    .venv/bin/python -m ci.review drift --stack "$name" --events "$events" $found || code=1
    exit $code
    ;;
up)
    state=$(pulumi stack export --stack "$stack")
    printf '%s' "$state" | .venv/bin/python -m ci.job_fits "$name"
    # Its preview was looked at before the merge. A second one would fail on a field that somebody changed with kubectl,
    # which the update itself takes back.
    exec pulumi up --stack "$stack" --non-interactive --color never --diff --refresh --yes --skip-preview \
        --policy-pack policy
    ;;
verify)
    .venv/bin/wideep doctor --stack "$name"
    .venv/bin/wideep smoke --stack "$name"
    ;;
destroy)
    weights=${WEIGHTS:-keep}
    if [ "${CONFIRM:-}" != "$stack" ]; then
        echo "This destroys stack $stack. If that is meant: make live-destroy STACK=$stack CONFIRM=$stack" >&2
        exit 1
    fi
    case $weights in
    keep) ;;
    delete) pulumi state unprotect --stack "$stack" --all --yes ;;
    *)
        echo "WEIGHTS=$weights: write keep (the volume of modelCache.retain or protect stays) or delete" >&2
        exit 2
        ;;
    esac
    pulumi destroy --stack "$stack" --non-interactive --color never --refresh --yes --exclude-protected
    if [ "$weights" = delete ]; then
        sh ci/weights.sh delete "$stack"
    else
        sh ci/weights.sh show "$stack"
    fi
    ;;
*)
    echo "live.sh knows preview, drift, up, verify and destroy; not $verb" >&2
    exit 2
    ;;
esac
