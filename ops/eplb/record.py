"""Records which experts get the tokens, where the engine lets it: a file from which the next start begins balanced.

SGLang records and dumps on three routes of its own HTTP server. The worker of Dynamo 0.6.0 embeds the engine without
that server, so there nothing can start a record; other releases and plain SGLang may have it.
"""

from __future__ import annotations

import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import PurePosixPath
from typing import Final

from ops.cluster import ClusterError, forward, run
from ops.live import Live, Member
from wideep.download import MOUNT_PATH

__all__ = ["record"]

SGLANG_PORT: Final = 30000
START, STOP, DUMP = (f"/{verb}_expert_distribution_record" for verb in ("start", "stop", "dump"))
ANSWER_SECONDS: Final = 120
"""A dump gathers the counts of all ranks."""
NEWEST: Final = 'ls -t "${SGLANG_EXPERT_DISTRIBUTION_RECORDER_DIR:-/tmp}"/expert_distribution_recorder_*.pt | head -n 1'


def record(live: Live, member: Member, seconds: int, remark: Callable[[str], None]) -> str:
    """Records for so long, keeps the dump on the cache volume, and returns the config line that starts from it.

    Raises:
        ClusterError: the engine offers no recording, or no dump was written.
    """
    with forward(live.cluster, member.pod, SGLANG_PORT) as port:
        _ask(port, START, member)
        remark(f"{member.place}: recording for {seconds} s; it should be under its usual load ...")
        time.sleep(seconds)
        _ask(port, STOP, member)
        _ask(port, DUMP, member)
    found = run(live.cluster, member.pod, ["sh", "-c", NEWEST])
    dump = found.output.strip()
    if found.code or not dump:
        raise ClusterError(f"{member.place} says that it dumped, and no expert_distribution_recorder_*.pt is there.")
    kept = PurePosixPath(MOUNT_PATH) / f"expert-distribution-{member.component}.pt"
    copied = run(live.cluster, member.pod, ["cp", dump, str(kept)], seconds=ANSWER_SECONDS)
    if copied.code:
        raise ClusterError(f"{dump} in pod {member.pod.name} cannot be copied to {kept}: {copied.errors.strip()}.")
    return f"layout.{member.component}.eplb.initialExpertLocation: {kept}"


def _ask(port: int, path: str, member: Member) -> None:
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", b"", method="POST")
    try:
        with urllib.request.urlopen(request, timeout=ANSWER_SECONDS):  # noqa: S310 - http, loopback
            return
    except urllib.error.HTTPError as error:
        raise ClusterError(f"{member.place} answers {path} with {error.code}: {error.read().decode()[:200]}") from error
    except OSError as error:
        key = f"layout.{member.component}.eplb.enabled"
        raise ClusterError(
            f"{member.place} offers no recording: nothing answers on SGLang's port {SGLANG_PORT} of pod "
            f"{member.pod.name}. The worker of Dynamo 0.6.0 embeds the engine without its HTTP server.\n"
            f"  {key}: true lets the engine itself count and move experts while it runs."
        ) from error
