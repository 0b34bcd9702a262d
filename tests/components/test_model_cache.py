"""The volume with the weights, and the Job that fills it."""

from typing import Any

from components.model_cache import ModelCache, ModelCacheArgs, ModelDownload, ModelDownloadArgs
from tests.support.engine import Engine, run
from tests.support.plans import plan_of
from wideep.plan import Plan


def _claim(**cache: Any) -> Engine:
    plan = plan_of(modelCache={"size": "1Ti", **cache}).cache
    return run(lambda: ModelCache("cache", ModelCacheArgs("dynamo-workshop", plan)))


def _download(plan: Plan, claim_uid: str | None = None) -> Engine:
    download = plan.download
    assert download is not None
    args = ModelDownloadArgs("dynamo-workshop", download, plan.cache.claim, plan.token, claim_uid)
    return run(lambda: ModelDownload("download", args))


def test_the_claim_is_as_large_as_the_stack_says() -> None:
    inputs = _claim(storageClass="shared-fs").resources["cache-claim"].inputs
    assert inputs["metadata"]["name"] == "model-cache-pvc"
    assert inputs["spec"] == {
        "accessModes": ["ReadWriteMany"],
        "storageClassName": "shared-fs",
        "resources": {"requests": {"storage": "1Ti"}},
    }


def test_without_a_storage_class_it_is_the_clusters_default() -> None:
    assert "storageClassName" not in _claim().resources["cache-claim"].inputs["spec"]


def test_protect_and_retain_are_the_claims() -> None:
    claim = _claim(protect=True, retain=True).resources["cache-claim"]
    assert (claim.protect, claim.retain) == (True, True)


def test_a_claim_that_exists_is_not_made() -> None:
    assert _claim(existingClaim="weights").types() == {}


def test_the_job_mounts_the_claim_and_downloads_the_pinned_revision() -> None:
    plan = plan_of()
    job = _download(plan).resources["download-job"].inputs["spec"]
    (container,) = job["template"]["spec"]["containers"]
    (volume,) = job["template"]["spec"]["volumes"]
    env = {item["name"]: item.get("value") for item in container["env"]}
    assert volume["persistentVolumeClaim"] == {"claimName": plan.cache.claim}
    assert container["volumeMounts"] == [{"name": volume["name"], "mountPath": "/model-cache"}]
    assert env["REPOSITORY"] == plan.model
    assert plan.download is not None
    assert env["REVISION"] == plan.download.revision


def test_the_job_gets_the_token_from_its_secret() -> None:
    (container,) = _download(plan_of()).resources["download-job"].inputs["spec"]["template"]["spec"]["containers"]
    source = {"secretKeyRef": {"name": "hf-token-secret", "key": "HF_TOKEN"}}
    assert {"name": "HF_TOKEN", "valueFrom": source} in container["env"]


def test_the_job_may_take_as_long_as_the_download_needs() -> None:
    plan = plan_of()
    assert plan.download is not None
    job = _download(plan).resources["download-job"]
    assert job.inputs["spec"]["activeDeadlineSeconds"] == plan.download.deadline_seconds
    assert int(job.timeout.removesuffix("s")) > plan.download.deadline_seconds


def test_the_job_is_no_way_into_the_cluster() -> None:
    spec = _download(plan_of()).resources["download-job"].inputs["spec"]["template"]["spec"]
    assert spec["automountServiceAccountToken"] is False


def test_the_job_goes_with_a_claim_of_this_program_and_with_no_other() -> None:
    metadata = _download(plan_of(), claim_uid="u-1").resources["download-job"].inputs["metadata"]
    (owner,) = metadata["ownerReferences"]
    assert (owner["kind"], owner["name"], owner["uid"]) == ("PersistentVolumeClaim", "model-cache-pvc", "u-1")
    assert owner["blockOwnerDeletion"]
    assert "ownerReferences" not in _download(plan_of()).resources["download-job"].inputs["metadata"]
