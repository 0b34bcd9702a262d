"""How many graphs the simulation answers for with real processes."""

from sim.kubelet.node_context import Served


def test_graphs_beyond_the_limit_have_no_process_until_one_of_the_others_is_gone() -> None:
    served = Served(limit=2)
    a, b, c = ("ns", "a"), ("ns", "b"), ("ns", "c")
    assert served.join(a, "a1")
    assert served.join(a, "a2")
    assert served.join(b, "b1")
    assert not served.join(c, "c1")
    served.leave(a, "a1")
    assert not served.join(c, "c1")
    served.leave(a, "a2")
    assert served.join(c, "c1")


def test_a_pod_that_never_had_a_process_leaves_nothing_changed() -> None:
    served = Served(limit=1)
    served.join(("ns", "a"), "a1")
    served.leave(("ns", "b"), "b1")
    assert served.pods == {("ns", "a"): {"a1"}}
