"""The volume for the model's weights, and the Job that fills it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import pulumi
import pulumi_kubernetes as k8s

from components.base import Component, known_after_create
from components.lifecycle.error_context import ErrorContext
from components.lifecycle.job_retry import retry_annotations
from components.lifecycle.retained import import_options, stack_label
from components.lifecycle.volume_words import report_volume_hook
from wideep.download import DELETED_CODE, DownloadPlan
from wideep.plan import CachePlan, Plan, TokenPlan
from wideep.resource_names import CACHE_CLAIM, DOWNLOAD_JOB

__all__ = ["ModelCache", "ModelCacheArgs", "ModelDownload", "ModelDownloadArgs"]


@dataclass(frozen=True)
class ModelCacheArgs:
    """Which claim to create or use."""

    namespace: pulumi.Input[str]
    plan: CachePlan
    import_id: str | None = None
    """``namespace/name`` of the retained claim, if it exists (``components.lifecycle.retained``)."""


MADE: Final = {"pulumi.com/waitFor": "jsonpath={.status.phase}"}
"""The claim counts as created once the API server has it. By default the provider waits silently until the claim is
bound, and fails after five minutes, which no option of the program changes; some shared file systems take longer to
provision. The download waits for the volume instead, and reports it (``components.lifecycle.volume_words``)."""
SERVER_SET_FIELDS: Final = ("metadata.annotations", "metadata.finalizers", "spec.volumeMode", "spec.volumeName")
"""Fields of a claim that the cluster sets."""


class ModelCache(Component):
    """The claim of the model cache. With ``create: false`` it belongs to somebody else, and this component creates
    nothing.

    >>> cache = ModelCache("cache", ModelCacheArgs("dynamo-workshop", plan.cache))
    """

    uid: pulumi.Output[str] | None = None
    """The uid of the claim; None if it belongs to somebody else."""

    def __init__(self, name: str, args: ModelCacheArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, opts)
        plan = args.plan
        chosen_by_cluster = () if plan.storage_class else ("spec.storageClassName",)
        if plan.create:
            claim = k8s.core.v1.PersistentVolumeClaim(
                CACHE_CLAIM.of(name),
                metadata=self.metadata(
                    plan.claim,
                    args.namespace,
                    labels=stack_label() if plan.retain else None,
                    annotations=MADE,
                ),
                spec=k8s.core.v1.PersistentVolumeClaimSpecArgs(
                    access_modes=[plan.access_mode.value],
                    storage_class_name=plan.storage_class,
                    resources=k8s.core.v1.VolumeResourceRequirementsArgs(requests={"storage": plan.size}),
                ),
                opts=pulumi.ResourceOptions.merge(
                    self.api_child(protect=plan.protect, retain=plan.retain),
                    import_options(args.import_id, *SERVER_SET_FIELDS, *chosen_by_cluster),
                ),
            )
            self.uid = known_after_create(claim, claim.metadata).apply(lambda metadata: str(metadata.uid))
        self.register_outputs({})


@dataclass(frozen=True)
class ModelDownloadArgs:
    """What to download, onto which claim, and with which token."""

    namespace: pulumi.Input[str]
    plan: DownloadPlan
    claim: str
    token: TokenPlan | None
    claim_uid: pulumi.Input[str] | None = None
    """The uid of the claim, if this program creates it. The Job is then deleted with the claim, even one that a killed
    `up` left behind unknown to the state, whose pod would hold the claim for hours."""
    depends_on: tuple[pulumi.Resource, ...] = ()
    """The claim and the token's Secret, if this program creates them."""
    stack: Plan | None = None
    """The Plan, from which the cause of a failed download and the config key that fixes it are derived."""


class ModelDownload(Component):
    """A Job that downloads the model. The provider waits until it has succeeded.

    >>> made = (cache, token)
    >>> args = ModelDownloadArgs("dynamo-workshop", plan.download, plan.cache.claim, plan.token, depends_on=made)
    >>> download = ModelDownload("download", args)
    """

    def __init__(self, name: str, args: ModelDownloadArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, opts, ErrorContext(plan=args.stack))
        resource = DOWNLOAD_JOB.of(name)
        volume = pulumi.ResourceHookBinding(before_create=[report_volume_hook(self.hook_name("volume"))])
        k8s.batch.v1.Job(
            resource,
            metadata=self.metadata(args.plan.job, args.namespace, owners=_owner(args)),
            spec=_job(args, retry_annotations(resource)),
            opts=self.api_child(
                depends_on=args.depends_on, timeout=f"{args.plan.deadline_seconds + 60}s", hooks=volume
            ),
        )
        self.register_outputs({})


def _owner(args: ModelDownloadArgs) -> list[k8s.meta.v1.OwnerReferenceArgs] | None:
    """Return a reference to the claim, whose deletion then waits until the Job is gone."""
    if args.claim_uid is None:
        return None
    owner = k8s.meta.v1.OwnerReferenceArgs(
        api_version="v1",
        kind="PersistentVolumeClaim",
        name=args.claim,
        uid=args.claim_uid,
        block_owner_deletion=True,
    )
    return [owner]


def _job(args: ModelDownloadArgs, annotations: dict[str, str] | None) -> k8s.batch.v1.JobSpecArgs:
    core, batch = k8s.core.v1, k8s.batch.v1
    plan = args.plan
    volume = "model-cache"
    claim = core.PersistentVolumeClaimVolumeSourceArgs(claim_name=args.claim)
    container = core.ContainerArgs(
        name="download",
        image=plan.image,
        command=list(plan.command),
        args=list(plan.args),
        env=[core.EnvVarArgs(name=key, value=value) for key, value in plan.env.items()] + _token(args.token),
        volume_mounts=[core.VolumeMountArgs(name=volume, mount_path=plan.mount_path)],
        security_context=core.SecurityContextArgs(
            allow_privilege_escalation=False, seccomp_profile=core.SeccompProfileArgs(type="RuntimeDefault")
        ),
        termination_message_policy="FallbackToLogsOnError",  # the error of `up` then has its last log lines
    )
    pod = core.PodSpecArgs(
        restart_policy="Never",  # the script itself retries where that may help
        automount_service_account_token=False,
        containers=[container],
        volumes=[core.VolumeArgs(name=volume, persistent_volume_claim=claim)],
    )
    # A pod that a drain, a lost node or a user removes is no failure: the next pod continues with its files.
    lost = batch.PodFailurePolicyOnPodConditionsPatternArgs(type="DisruptionTarget", status="True")
    deleted = batch.PodFailurePolicyOnExitCodesRequirementArgs(operator="In", values=[DELETED_CODE])
    ignored = [
        batch.PodFailurePolicyRuleArgs(action="Ignore", on_pod_conditions=[lost]),
        batch.PodFailurePolicyRuleArgs(action="Ignore", on_exit_codes=deleted),
    ]
    metadata = k8s.meta.v1.ObjectMetaArgs(annotations=annotations) if annotations else None
    return batch.JobSpecArgs(
        active_deadline_seconds=plan.deadline_seconds,
        backoff_limit=0,
        pod_failure_policy=batch.PodFailurePolicyArgs(rules=ignored),
        template=core.PodTemplateSpecArgs(metadata=metadata, spec=pod),
    )


def _token(token: TokenPlan | None) -> list[k8s.core.v1.EnvVarArgs]:
    if token is None:
        return []
    core = k8s.core.v1
    source = core.EnvVarSourceArgs(secret_key_ref=core.SecretKeySelectorArgs(name=token.secret, key=token.key))
    return [core.EnvVarArgs(name=token.key, value_from=source)]
