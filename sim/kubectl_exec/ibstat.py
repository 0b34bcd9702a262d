"""Stand-in for ibstat: one active port for each RDMA device in the pod's limits."""

from __future__ import annotations

from sim.kubectl_exec.pod import Here

GUID = "0x0000000000000000"


def main(_arguments: list[str], here: Here) -> int:
    limits = (here.main.get("resources") or {}).get("limits") or {}
    devices = sum(int(count) for name, count in limits.items() if name.startswith("rdma/"))
    if not devices:
        print("ibpanic: [1] main: no IB devices found: (No such file or directory)")
        return 1
    for number in range(devices):
        print(f"CA 'mlx5_{number}'")
        print("\tCA type: MT4129\n\tNumber of ports: 1")
        print("\tPort 1:")
        print("\t\tState: Active\n\t\tPhysical state: LinkUp\n\t\tRate: 400")
        print(f"\t\tPort GUID: {GUID}\n\t\tLink layer: InfiniBand")
    return 0
