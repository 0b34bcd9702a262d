"""Check the Job that fills the model cache: complete, running, stuck or failed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from wideep.text import duration
from wideep_cli.doctor.check_context import CheckContext
from wideep_cli.doctor.crashes import last_words
from wideep_cli.doctor.finding import Finding, Section, fails, holds, unknown
from wideep_cli.doctor.images import image_trouble
from wideep_cli.doctor.podstate import config_trouble, mount_trouble, node_trouble, scheduling_trouble
from wideep_cli.doctor.symptoms import read_symptom
from wideep_cli.doctor.trouble import Diagnosis, PodCheck, grouped
from wideep_cluster.objects import Job, Pod

__all__ = ["download_findings"]

PROGRESS: Final = re.compile(r"on the volume: (\S+)")
"""The line that the Job logs every 30 seconds (``wideep.download.SCRIPT``)."""
STALLED: Final = 10
"""This many lines with the same figure mean five minutes without a new block on the volume."""
QUIET_SECONDS: Final = 90
"""After this time without a line, three of them are missing."""
STATUS: Final[tuple[PodCheck, ...]] = (
    node_trouble,
    scheduling_trouble,
    image_trouble,
    config_trouble,
    mount_trouble,
)


def download_findings(case: CheckContext) -> Iterator[Finding]:
    """Report how the download is doing; yield nothing if the stack has none or has not started it."""
    plan = case.plan.download
    job = next((job for job in case.view.jobs.items if plan and job.name == plan.job), None)
    if plan is None or job is None:
        return
    done = {condition.type: condition for condition in job.status.conditions if condition.status == "True"}
    if "Complete" in done:
        yield holds(Section.GRAPH, "download", f"{plan.repository} is on the volume.")
        return
    pods = [p for p in case.view.own_pods.items if any(o.name == job.name for o in p.metadata.owner_references)]
    newest = max(pods, key=lambda pod: str(pod.metadata.creation_timestamp), default=None)
    found = _diagnosed(case, newest) if newest else None
    if newest and found:
        yield from grouped([(newest, found)])
    elif "Failed" in done:
        yield _failed(case, job, newest)
    else:
        yield _running(case, job, newest)


def _diagnosed(case: CheckContext, pod: Pod) -> Diagnosis | None:
    for diagnose in STATUS:
        found = diagnose(case, pod)
        if found:
            return found
    log = (case.view.logs(pod, True) or "") + (case.view.logs(pod, False) or "")
    return read_symptom(case, pod, log)


def _failed(case: CheckContext, job: Job, pod: Pod | None) -> Finding:
    condition = next(condition for condition in job.status.conditions if condition.type == "Failed")
    words = last_words(case.view.logs(pod, False) or "") if pod else ""
    what = f"The download has failed ({condition.reason}). {words}".strip()
    fix = f"kubectl -n {job.namespace} delete job {job.name}, then `pulumi up --refresh`: the download resumes."
    return fails(Section.GRAPH, "download", what, fix, key="modelCache")


def _running(case: CheckContext, job: Job, pod: Pod | None) -> Finding:
    since = duration(case.seconds_since(job.status.start_time))
    log = (case.view.logs(pod, False) or "") if pod else ""
    figures = PROGRESS.findall(log)
    quiet = case.seconds_since(case.view.last_line(pod)) if pod else 0.0
    if len(figures) >= STALLED and len(set(figures[-STALLED:])) == 1:
        return _stalled(job, pod, f"has been stuck at {figures[-1]} for five minutes or more")
    if quiet > QUIET_SECONDS:
        return _stalled(job, pod, f"has logged nothing for {duration(quiet)}: {last_words(log)}")
    where = f"{figures[-1]} of {_size(case)}" if figures else last_words(log) or "no log yet"
    retried = f", {job.status.failed} attempts failed" if job.status.failed else ""
    return unknown(Section.GRAPH, "download", f"The download has been running for {since}: {where}{retried}.")


def _stalled(job: Job, pod: Pod | None, how: str) -> Finding:
    fixes = ["Check the connection to huggingface.co: proxy, firewall, its status page."]
    if pod:
        restart = f"kubectl -n {job.namespace} delete pod {pod.name}"
        fixes.insert(0, f"{restart}: the Job starts another pod, which resumes the download.")
    return fails(Section.GRAPH, "download", f"The download {how}.", *fixes, key="modelCache.download")


def _size(case: CheckContext) -> str:
    size = case.settings.model.disk_bytes
    return f"{size / 1e9:.0f} GB" if size else case.plan.model
