"""The faults, as data: what each does, and where it takes effect (sim.faults.kinds)."""

from __future__ import annotations

from typing import Final

from sim.faults.kinds import Fault, Halting, InPlugin, InPod, Moment, OfProcess, OnCluster


def of_moment(moment: Moment) -> dict[str, InPod]:
    """Return the faults that take effect at this moment, by name."""
    return {name: one.how for name, one in FAULTS.items() if isinstance(one.how, InPod) and one.how.moment is moment}


def _hub(status: int, reason: str, cause: str) -> tuple[str, ...]:
    return (
        f"huggingface_hub.errors.HfHubHTTPError: {status} Client Error: {reason} for url: "
        "https://huggingface.co/api/models/REPOSITORY/revision/REVISION",
        cause,
    )


_LASTING: Final = 64
"""Exit code of the download's script after a permanent error."""
_POD: Final = "name of the pod"
_RELEASE: Final = "NAMESPACE/RELEASE"
_OPERATOR: Final = "dynamo-workshop/dynamo-platform"

_ALL_NODES: Final = "--selector=kubernetes.io/os=linux"
_CRDS: Final = ("dynamographdeployments.nvidia.com", "dynamocomponentdeployments.nvidia.com")
_SERVICE: Final = (
    "/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties/services/additionalProperties/properties"
)
_WITHOUT_MULTINODE: Final = f'[{{{{"op": "remove", "path": "{_SERVICE}/multinode"}}}}]'
"""A format string, hence the doubled braces."""

_WEBHOOK: Final = """
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata: {name: sim-fault}
webhooks:
- name: sim-fault.example.com
  admissionReviewVersions: [v1]
  sideEffects: None
  timeoutSeconds: 1
  failurePolicy: Fail
  clientConfig: {url: "https://127.0.0.1:1/validate"}
  rules: [{apiGroups: ["nvidia.com"], apiVersions: ["*"], operations: [CREATE, UPDATE], resources: ["*"]}]
"""

_NO_SEAT: Final = """
apiVersion: flowcontrol.apiserver.k8s.io/v1
kind: PriorityLevelConfiguration
metadata: {name: a-sim-fault}
spec: {type: Limited, limited: {nominalConcurrencyShares: 0, lendablePercent: 0, borrowingLimitPercent: 0,
  limitResponse: {type: Reject}}}
---
apiVersion: flowcontrol.apiserver.k8s.io/v1
kind: FlowSchema
metadata: {name: a-sim-fault}
spec:
  matchingPrecedence: 2
  priorityLevelConfiguration: {name: a-sim-fault}
  rules:
  - subjects: [{kind: Group, group: {name: "system:authenticated"}}]
    resourceRules:
    - verbs: [create, update, patch]
      apiGroups: ["", batch, networking.k8s.io]
      resources: [secrets, persistentvolumeclaims, jobs, networkpolicies]
      namespaces: ["*"]
"""
"""API priority and fairness: a level without seats, for everybody except the group `system:masters`, which the API
server exempts before it looks at any schema. The simulation's own user is in that group: impersonate another user to
see this fault. The agent takes the one request that such a level still admits (``sim.operator.busy``)."""

FAULTS: Final = {
    fault.name: fault
    for fault in (
        Fault(
            "operator-down",
            "the Dynamo operator has no pod",
            _RELEASE,
            OnCluster(
                ("scale", "-n", "{namespace}", "deployment/{name}-dynamo-operator-controller-manager", "--replicas=0"),
                ("scale", "-n", "{namespace}", "deployment/{name}-dynamo-operator-controller-manager", "--replicas=1"),
                _OPERATOR,
            ),
        ),
        Fault(
            "etcd-down",
            "the operator's etcd has no pod",
            _RELEASE,
            OnCluster(
                ("scale", "-n", "{namespace}", "statefulset/{name}-etcd", "--replicas=0"),
                ("scale", "-n", "{namespace}", "statefulset/{name}-etcd", "--replicas=1"),
                _OPERATOR,
            ),
        ),
        Fault(
            "node-cordoned",
            "a node takes no new pods",
            "name of the node",
            OnCluster(("cordon", "{name}"), ("uncordon", "{name}"), "gpu-0"),
        ),
        Fault(
            "nodes-cordoned",
            "no node takes new pods",
            "nothing",
            OnCluster(("cordon", _ALL_NODES), ("uncordon", _ALL_NODES), ""),
        ),
        Fault(
            "crds-of-another-release",
            "Dynamo's CRDs belong to a Helm release of another name",
            "name of that release",
            OnCluster(
                ("annotate", "crd", *_CRDS, "meta.helm.sh/release-name={name}", "--overwrite"),
                ("annotate", "crd", *_CRDS, "meta.helm.sh/release-name=dynamo-crds", "--overwrite"),
                "dynamo-crds-old",
            ),
        ),
        Fault(
            "crds-older",
            "Dynamo's CRD for graphs is of a version that did not know multinode yet",
            "nothing",
            OnCluster(("patch", "crd", _CRDS[0], "--type=json", "--patch", _WITHOUT_MULTINODE), (), ""),
        ),
        Fault(
            "node-down",
            "the kubelet of a node does not answer",
            "name of the node",
            OnCluster(
                ("annotate", "node", "{name}", "sim.dynamo-wideep/node-down=true", "--overwrite"),
                ("annotate", "node", "{name}", "sim.dynamo-wideep/node-down-"),
                "gpu-0",
            ),
        ),
        Fault(
            "webhook-down",
            "an admission webhook for Dynamo's objects does not answer",
            "nothing",
            OnCluster(
                ("apply", "-f", "-"),
                ("delete", "validatingwebhookconfiguration", "sim-fault", "--ignore-not-found"),
                "",
                _WEBHOOK,
            ),
        ),
        Fault(
            "quota",
            "the namespace may use no GPU",
            "namespace",
            OnCluster(
                ("create", "quota", "sim-fault", "-n", "{name}", "--hard=requests.nvidia.com/gpu=0"),
                ("delete", "quota", "sim-fault", "-n", "{name}", "--ignore-not-found"),
                "dynamo-workshop",
            ),
        ),
        Fault("api-down", "the API server is gone", "nothing", OfProcess("kube-apiserver")),
        Fault("registry-down", "the registry is gone", "nothing", OfProcess("registry")),
        Fault(
            "api-slow",
            "the API server is paused for two of every three seconds",
            "nothing",
            Halting("kube-apiserver", stands=2.0, works=1.0),
        ),
        Fault(
            "api-busy",
            "the API server answers who makes or changes objects of a stack with 429, too many requests",
            "nothing",
            OnCluster(
                ("apply", "-f", "-"),
                ("delete", "flowschema,prioritylevelconfiguration", "a-sim-fault", "--ignore-not-found"),
                "",
                _NO_SEAT,
            ),
        ),
        Fault("build-slow", "a step of the image build takes 60 s", "tag of the image", InPlugin()),
        Fault("build-fails", "a step of the image build ends with an error", "tag of the image", InPlugin()),
        Fault("push-refused", "the registry answers a push with 401", "tag of the image", InPlugin()),
        Fault("image-lost", "the registry has lost an image that it had", "name of the image", InPod(Moment.PULL)),
        Fault(
            "token-refused",
            "Hugging Face answers the download with 401",
            _POD,
            InPod(Moment.DOWNLOAD, _hub(401, "Unauthorized", "Invalid credentials in Authorization header"), _LASTING),
        ),
        Fault(
            "model-gated",
            "Hugging Face answers the download with 403: the account may not have this model",
            _POD,
            InPod(
                Moment.DOWNLOAD,
                _hub(403, "Forbidden", "GatedRepoError: Access to model REPOSITORY is restricted."),
                _LASTING,
            ),
        ),
        Fault("download-stalls", "the download gets no more bytes", _POD, InPod(Moment.DOWNLOAD, exit_code=None)),
        Fault(
            "volume-full",
            "the model does not fit onto the volume",
            _POD,
            InPod(Moment.DOWNLOAD, ("OSError: [Errno 28] No space left on device",), _LASTING),
        ),
        Fault(
            "checksum-wrong",
            "a file of the model is not as it is on Hugging Face",
            _POD,
            InPod(Moment.DOWNLOAD, ("a file is not as it is on Hugging Face; the next try fetches it again",)),
        ),
        Fault(
            "out-of-memory",
            "the engine runs out of GPU memory while it loads the model",
            _POD,
            InPod(
                Moment.LOAD,
                (
                    "Traceback (most recent call last):",
                    '  File "sglang/srt/model_executor/model_runner.py", line 672, in load_model',
                    "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.50 GiB. GPU 0 has a total "
                    "capacity of 139.81 GiB of which 1.12 GiB is free.",
                ),
            ),
        ),
        Fault(
            "out-of-memory-later",
            "the engine runs out of GPU memory some seconds after it began to serve",
            _POD,
            InPod(
                Moment.SERVE,
                (
                    "Prefill batch. #new-seq: 32",
                    "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 3.94 GiB.",
                ),
            ),
        ),
        Fault(
            "argument-refused",
            "the engine does not know one of its arguments",
            _POD,
            InPod(
                Moment.LOAD,
                (
                    "usage: launch_server.py [-h] --model-path MODEL_PATH",
                    "launch_server.py: error: unrecognized arguments: --no-such-flag",
                ),
                2,
            ),
        ),
        Fault(
            "nccl-fails",
            "the pods of a worker cannot reach each other",
            _POD,
            InPod(
                Moment.LOAD,
                (
                    "torch.distributed.DistBackendError: NCCL error in: ProcessGroupNCCL.cpp:3690, unhandled system "
                    "error (run with NCCL_DEBUG=INFO for details)",
                    "ncclSystemError: System call (e.g. socket, malloc) or external library call failed.",
                ),
            ),
        ),
        Fault(
            "nvshmem-fails",
            "DeepEP's transport between nodes does not start",
            _POD,
            InPod(
                Moment.LOAD,
                (
                    "/nvshmem/src/host/transport/transport.cpp:420: non-zero status: 7 nvshmem: init failed for "
                    "transport: IBGDA",
                ),
            ),
        ),
        Fault(
            "never-registers",
            "the engine is loaded, and the frontend never hears of it",
            _POD,
            InPod(Moment.REGISTER, (), None),
        ),
    )
}
