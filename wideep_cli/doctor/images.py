"""Explain ImagePullBackOff and ErrImagePull by what the registry, network or node says, and name the image's key."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from wideep.settings.image import BuildImage
from wideep.waiting import Stuck, reasons_of
from wideep_cli.doctor.check_context import CheckContext
from wideep_cli.doctor.graph import is_stacks_image
from wideep_cli.doctor.podstate import waiting_for
from wideep_cli.doctor.trouble import Diagnosis, redact
from wideep_cluster.objects import Pod

__all__ = ["image_trouble"]


@dataclass(frozen=True)
class _Cause:
    """A pattern of the message, the cause as a sentence, and the fix.

    ``key`` is the config key to change: empty for the key that names the image, ``-`` for none.
    """

    pattern: re.Pattern[str]
    cause: str
    fix: str = ""
    key: str = ""


def _cause(pattern: str, cause: str, fix: str = "", key: str = "") -> _Cause:
    return _Cause(re.compile(pattern, re.IGNORECASE), cause, fix, key)


CAUSES: Final = (
    _cause(
        "toomanyrequests|rate limit",
        "the registry rate-limits this cluster's pulls ({image}).",
        "set {key} to a mirror",
    ),
    _cause(
        r"unauthorized|denied|forbidden|\b40[13]\b|no basic auth",
        "the registry rejects the pull of {image}: missing or wrong credentials.",
        "kubectl -n {namespace} create secret docker-registry pull --docker-server=…, then image.pullSecret: pull",
        "image.pullSecret",
    ),
    _cause(
        "no space left|disk pressure",
        "its node {node} has no disk space left for {image}.",
        "Clean up images on {node}: this one needs some 20 GB.",
        "-",
    ),
    _cause(
        "no match for platform|exec format",
        "{image} is for another CPU architecture than node {node}.",
        "image.platform: linux/arm64, or linux/amd64",
        "image.platform",
    ),
    _cause("not ?found|manifest unknown|does not exist", "the registry has no image {image}."),
    _cause(
        "no such host|timed? ?out|refused|x509|tls|unreachable|server misbehaving|EOF",
        "the nodes cannot reach the registry of {image}: {said}",
        "set {key} to a registry that the nodes can reach",
    ),
    _cause("", "{image} cannot be pulled: {said}"),
)


def image_trouble(case: CheckContext, pod: Pod) -> Diagnosis | None:
    """Diagnose an image that cannot be pulled: ImagePullBackOff and similar reasons."""
    status = waiting_for(pod, reasons_of(Stuck.IMAGE))
    if status is None or status.state.waiting is None:
        return None
    every = (*pod.spec.containers, *pod.spec.init_containers)
    image = next((container.image for container in every if container.name == status.name), pod.main.image)
    events = [event.message for event in case.view.warned("Pod", pod.name) if event.reason == "Failed"]
    text = " ".join([status.state.waiting.message, *events])
    cause = next(cause for cause in CAUSES if cause.pattern.search(text))
    key, write = _image_key(case, pod, image)
    words = {
        "image": image,
        "key": key,
        "node": pod.spec.node_name,
        "namespace": pod.namespace,
        "said": redact(events[-1] if events else text),
    }
    fix = cause.fix.format(**words) or write
    return Diagnosis("image", cause.cause.format(**words), (fix,), (cause.key or key).removeprefix("-"))


def _image_key(case: CheckContext, pod: Pod, image: str) -> tuple[str, str]:
    """Return the config key that names the pod's image (empty if none does), and what to do about it."""
    if pod.graph != case.plan.name:
        job = any(owner.kind == "Job" for owner in pod.metadata.owner_references)
        key = "modelCache.downloadImage" if job else "platform.values"
        return key, f"{key}: an image that exists"
    if not is_stacks_image(case, image):
        return "", f"`pulumi up --refresh` restores the stack's own image, {case.plan.image}."
    if isinstance(case.settings.image, BuildImage):
        return "image.tag", f"image.tag: {case.settings.image.tag}-1, with `pulumi up`, builds and pushes it again"
    return "image.reference", "image.reference: an image that exists"
