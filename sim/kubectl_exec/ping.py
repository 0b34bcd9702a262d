"""Stand-in for ping between pods: an address answers if it belongs to a running pod on a node that is Ready."""

from __future__ import annotations

from sim.kubectl_exec.pod import Here, kubectl


def main(arguments: list[str], _here: Here) -> int:
    address = arguments[-1]
    pods = kubectl("get", "pods", "--all-namespaces", f"--field-selector=status.podIP={address}")["items"]
    answers = any(pod["status"].get("phase") == "Running" and _ready(pod["spec"]["nodeName"]) for pod in pods)
    received = int(answers)
    print(f"PING {address} ({address}) 56(84) bytes of data.")
    if answers:
        print(f"64 bytes from {address}: icmp_seq=1 ttl=63 time=0.100 ms")
    print(f"\n--- {address} ping statistics ---")
    print(f"1 packets transmitted, {received} received, {100 - 100 * received}% packet loss, time 0ms")
    return 0 if answers else 1


def _ready(node: str) -> bool:
    conditions = kubectl("get", "node", node)["status"].get("conditions") or []
    return any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)
