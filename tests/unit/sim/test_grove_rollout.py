"""The simulated Grove replaces pods of an older template in turn, as the real one does by default."""

from __future__ import annotations

from typing import Any

from sim.operator.rollout import Unit, outgoing, pod_by_pod, together


def pod(name: str, *, ready: bool = True, made: str = "", going: bool = False) -> dict[str, Any]:
    meta = {"name": name, "creationTimestamp": made} | ({"deletionTimestamp": "now"} if going else {})
    return {"metadata": meta, "status": {"conditions": [{"type": "Ready", "status": str(ready)}]}}


def names(units: list[Unit]) -> list[str]:
    return [each["metadata"]["name"] for each in outgoing(units)]


def replica(*pods: dict[str, Any], old: bool) -> Unit:
    """One of a scaling group: leader and worker are cliques of their own, and only the leader's template changed."""
    return together([Unit(1, [each], [each] if old and index == 0 else []) for index, each in enumerate(pods)])


def test_of_a_clique_the_oldest_pod_goes_first_and_the_next_when_its_successor_is_ready() -> None:
    first, second = pod("a", made="2026-01-02"), pod("b", made="2026-01-01")
    assert names(pod_by_pod(Unit(2, [first, second], [first, second]))) == ["b"]
    loading = pod("b", ready=False, made="2026-01-03")
    assert names(pod_by_pod(Unit(2, [first, loading], [first]))) == []
    assert names(pod_by_pod(Unit(2, [first, pod("b", made="2026-01-03")], [first]))) == ["a"]


def test_of_a_scaling_group_one_whole_replica_goes_after_the_other() -> None:
    old = [replica(pod(f"{index}-ldr"), pod(f"{index}-wkr"), old=True) for index in range(3)]
    assert names(old) == ["0-ldr", "0-wkr"]
    going = replica(pod("0-ldr", going=True), pod("0-wkr", going=True), old=True)
    assert names([going, *old[1:]]) == []
    assert names([replica(pod("0-ldr"), pod("0-wkr", ready=False), old=False), *old[1:]]) == []
    assert names([replica(pod("0-ldr"), pod("0-wkr"), old=False), *old[1:]]) == ["1-ldr", "1-wkr"]


def test_what_is_old_and_not_ready_goes_at_once() -> None:
    broken = [replica(pod(f"{index}-ldr", ready=False), pod(f"{index}-wkr"), old=True) for index in range(2)]
    assert names(broken) == ["0-ldr", "1-ldr"]


def test_nothing_goes_of_a_template_that_is_the_newest() -> None:
    assert names([replica(pod("ldr"), pod("wkr", ready=False), old=False)]) == []
