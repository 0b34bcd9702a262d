"""Record which experts get the tokens, if the engine allows it, in a file from which the next start begins balanced.

SGLang records and dumps through three routes of its own HTTP server. The worker of Dynamo 0.6.0 embeds the engine
without that server, so nothing can start a recording there; other releases and plain SGLang may have it.
"""

from __future__ import annotations

import time
import urllib.error
from collections.abc import Callable
from typing import Final

from wideep.dynamo import release_of
from wideep.dynamo.base import Release
from wideep.engines import engine_of
from wideep.engines.base import LogFormat
from wideep.settings.experts import RecorderMode
from wideep_cli.deployment import DeployedGraph, GraphPod
from wideep_cli.eplb.experts import keep_newest_dump, kept_file
from wideep_cli.plan.view import RoleView
from wideep_cluster import ClusterError, forward
from wideep_cluster.loopback import open_port

__all__ = ["record"]

ANSWER_SECONDS: Final = 120
"""How long a route may take to respond: a dump gathers the counts of all ranks."""
EMBEDS: Final = "0.6.0"
"""The release whose worker was examined."""
COUNTING: Final = (RecorderMode.STAT, RecorderMode.STAT_APPROX)


def record(live: DeployedGraph, member: GraphPod, view: RoleView, seconds: int, remark: Callable[[str], None]) -> str:
    """Record for ``seconds``, keep the counts on the cache volume, and return the config line that starts from them.

    Raises:
        ClusterError: the engine does not count, offers no recording, or has dumped nothing; or each node has a volume
            of its own.
    """
    _require_shared_volume(live)
    engine = engine_of(live.loaded.settings)
    recorder = engine.recorder
    if recorder is None:
        raise ClusterError(
            f"{engine.title} records no counts of experts to start from.\n"
            f"  layout.{member.component}.eplb.enabled: true makes it count and move experts while it runs."
        )
    goes_on = _require_recorder(view, engine.log)
    with forward(live.cluster, member.pod, recorder.port) as port:
        _ask(port, recorder.start, live, member)
        remark(f"{member.place}: recording for {seconds} s; keep it under its usual load ...")
        try:
            time.sleep(seconds)
        finally:  # after Ctrl-C too: counting slows each forward pass a little
            if not goes_on:
                _ask(port, recorder.stop, live, member)
        _ask(port, recorder.dump, live, member)
    if keep_newest_dump(live, member) is None:
        what = f"{member.place} counted no token in {seconds} s, so there is nothing to start from."
        raise ClusterError(f"{what}\n  Record while the graph has its usual load; wideep bench generates load.")
    return f"layout.{member.component}.eplb.initialExpertLocation: {kept_file(live, member)}"


def _require_shared_volume(live: DeployedGraph) -> None:
    """Raise ClusterError if the cache is local to each node: every rank reads the file when it starts, on any node."""
    path = live.loaded.settings.model_cache.host_path
    if path:
        what = f"modelCache.hostPath is {path}, which is local to each node, but a record must be on all of them."
        raise ClusterError(f"{what}\n  modelCache.storageClass, without hostPath: a volume that all nodes read.")


def _require_recorder(view: RoleView, log: LogFormat) -> bool:
    """Return whether the engine counts at all times, for EPLB or its metrics, so that it must not be told to stop.

    The stack decides, not a request to the engine: SGLang's scheduler exits with an exception if it has no recorder.

    Raises:
        ClusterError: the stack configures no recorder, or one that does not count.
    """
    eplb, key = view.layout.eplb, f"layout.{view.role}.eplb.recorderMode"
    goes_on = eplb.enabled or log.logs_balance(view.plan.args)
    if eplb.recorder_mode is None:  # it also gives the pod a folder of the volume to keep counts in
        raise ClusterError(f"{view.role} has no recorder: {key} is not set.\n  {key}: stat, then `pulumi up`.")
    if eplb.recorder_mode not in COUNTING:
        what = f"{key} is {eplb.recorder_mode}, which records every pass or token, but no counts to start from."
        raise ClusterError(f"{what}\n  {key}: stat, then `pulumi up`.")
    return goes_on


def _ask(port: int, path: str, live: DeployedGraph, member: GraphPod) -> None:
    try:
        with open_port(port, path, ANSWER_SECONDS, data=b"", method="POST"):
            return
    except urllib.error.HTTPError as error:
        raise ClusterError(f"{member.place} answers {path} with {error.code}: {error.read().decode()[:200]}") from error
    except OSError as error:
        engine = engine_of(live.loaded.settings)
        key, own = f"layout.{member.component}.eplb.enabled", engine.recorder.port if engine.recorder else port
        raise ClusterError(
            f"{member.place} offers no recording: nothing answers on {engine.title}'s port {own} of pod "
            f"{member.pod.name}. {_server(release_of(live.loaded.settings))}\n"
            f"  {key}: true makes the engine count and move experts while it runs."
        ) from error


def _server(release: Release) -> str:
    """Say what is known about the engine's HTTP server in a release's workers: only those of 0.6.0 were examined."""
    if release.version == EMBEDS:
        return f"The worker of {release.title} embeds the engine without its HTTP server."
    return f"The worker of {release.title} may embed the engine without its HTTP server, as that of {EMBEDS} does."
