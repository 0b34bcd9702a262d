"""What `wideep network` reads from ibstat and from the logs."""

from __future__ import annotations

from wideep_cli.network.complaints import complaints, transports
from wideep_cli.network.devices import read

IBSTAT = """\
CA 'mlx5_0'
\tCA type: MT4129
\tNumber of ports: 1
\tFirmware version: 28.39.1002
\tPort 1:
\t\tState: Active
\t\tPhysical state: LinkUp
\t\tRate: 400
\t\tBase lid: 12
\t\tLink layer: InfiniBand
CA 'mlx5_1'
\tCA type: MT4129
\tNumber of ports: 1
\tPort 1:
\t\tState: Down
\t\tPhysical state: Disabled
\t\tRate: 40
\t\tLink layer: Ethernet
"""


def test_ports_have_device_state_rate_and_link_layer() -> None:
    first, second = read(IBSTAT)

    assert (first.device, first.active, first.rate, first.layer) == ("mlx5_0", True, 400, "InfiniBand")
    assert (second.device, second.active, second.physical) == ("mlx5_1", False, "Disabled")


def test_the_same_complaint_is_told_once_with_its_count() -> None:
    log = [f"host:1{n}:2 [0] NCCL WARN Connect to 10.0.0.{n}<5{n}> failed : Connection refused" for n in range(9)]
    log += ["NCCL INFO Using network IB", "loading weights failed", "NVSHMEM error: transport not supported"]

    first, second = complaints(log)

    assert first == "host:10:2 [0] NCCL WARN Connect to 10.0.0.0<50> failed : Connection refused (9 times)"
    assert second == "NVSHMEM error: transport not supported"


def test_a_healthy_log_has_no_complaint() -> None:
    assert complaints(["NCCL INFO Bootstrap : Using eth0", "NCCL version 2.27.3+cuda12.9", "nixl backend UCX"]) == ()


def test_the_network_that_nccl_uses_is_read() -> None:
    log = ["h:1:2 [0] NCCL INFO NET/IB : Using [0]mlx5_0:1/IB", "h:1:2 [1] NCCL INFO Using network Socket"]

    assert transports(log) == ("IB", "Socket")
