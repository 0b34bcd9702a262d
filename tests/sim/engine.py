"""SGLang's own HTTP server in a worker, as far as recording goes. Dynamo 0.6.0's worker has none, other images do."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from sim.kubectl_exec.python3 import folders
from tests.sim.pulumi import Pulumi
from tests.support.loopback import Request, listening

PORT = 30000


@dataclass
class Recorder:
    """Of one pod. ``counts`` are by forward pass, layer and expert."""

    folder: Path
    counts: list[list[list[int]]]
    asked: list[str] = field(default_factory=list[str])

    def answer(self, request: Request) -> None:
        """Start, stop or dump a record."""
        self.asked.append(request.path)
        if request.path.startswith("/dump"):
            self.folder.mkdir(parents=True, exist_ok=True)
            file = self.folder / "expert_distribution_recorder_1700000000.5.pt"
            file.write_text(json.dumps({"rank": 0, "logical_count": self.counts}))
        request.answer(200)


@contextmanager
def serving(stack: Pulumi, namespace: str, pod: str, counts: list[list[list[int]]]) -> Iterator[Recorder]:
    """The server, at the pod's port."""
    recorder = Recorder(folders(stack.cluster.directory, namespace, pod)[1], counts)
    with listening(POST=recorder.answer) as port:
        file = stack.cluster.pods_dir / namespace / f"{pod}.json"
        before = file.read_text()
        known = json.loads(before)
        known["forwards"][str(PORT)] = f"127.0.0.1:{port}"
        file.write_text(json.dumps(known))
        yield recorder
        file.write_text(before)
