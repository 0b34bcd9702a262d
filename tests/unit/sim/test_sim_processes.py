"""The components' processes, as kwokctl has written them down."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sim.cluster import control_plane, ports
from sim.state import Cluster


@pytest.mark.parametrize(
    ("written", "known"),
    [(str(os.getpid()), True), ("", False), (None, False)],
    ids=["written", "about to be written", "not there"],
)
def test_a_process_whose_pid_is_not_written_yet_is_not_known(tmp_path: Path, written: str | None, known: bool) -> None:
    cluster = Cluster(id="one", directory=tmp_path, stack="sim", ports=ports.choose("one"))
    pids = tmp_path / "kwok" / "clusters" / "sim-one" / "pids"
    pids.mkdir(parents=True)
    if written is not None:
        (pids / "kube-apiserver.pid").write_text(written)

    assert ("kube-apiserver" in control_plane.processes(cluster)) is known
