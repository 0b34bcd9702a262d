"""What a stack takes: times and money by hand, and what an update does by the GPUs that are free."""

from __future__ import annotations

import pytest

from tests.support.configs import hardware, stack
from wideep.plan import make_plan
from wideep.plan.takes import Takes, takes
from wideep.price import money, per_million_tokens
from wideep.rules import accept
from wideep.rules.updates import Update
from wideep.settings.layout import Role


def taken(**changed: object) -> Takes:
    """Of DeepSeek-R1 on option A of the lab, with keys changed."""
    settings = accept(stack(**changed))
    return takes(settings, make_plan(settings))


def test_times_are_the_models_size_over_the_links_own_rate() -> None:
    found = taken()
    assert found.weights_gb == 688.6
    assert found.transfer_seconds == {1: 5508.8, 10: 550.9, 100: 55.1}  # 688.6e9 × 8 / 1e9
    assert found.download_deadline_seconds == 27544  # at 25 MB/s
    assert (found.gpus, found.nodes, found.pods) == (16, 2, 3)


@pytest.mark.parametrize(
    ("layout", "nodes", "update"),
    [
        ("lab-16gpu-singlenode", 2, Update.OUTAGE),
        ("lab-16gpu-singlenode", 3, Update.BESIDE),
        ("lab-32gpu", 4, Update.RESTART),
        ("lab-32gpu", 6, Update.RESTART),  # Grove deletes a worker's pods first, whatever is free
        ({"preset": "lab-32gpu", "decode": {"replicas": 2}, "prefill": {"replicas": 2}}, 8, Update.IN_TURN),
        ({"preset": "lab-16gpu-singlenode", "decode": {"replicas": 2}, "prefill": {"replicas": 2}}, 5, Update.IN_TURN),
        ({"preset": "lab-16gpu-singlenode", "decode": {"replicas": 2}, "prefill": {"replicas": 2}}, 4, Update.OUTAGE),
    ],
)
def test_an_update_is_an_outage_where_all_workers_end_before_new_ones_start(
    layout: object, nodes: int, update: Update
) -> None:
    assert set(taken(layout=layout, hardware=hardware(nodes=nodes)).updates.values()) == {update}


def test_roles_are_judged_each_by_itself() -> None:
    layout = {"preset": "best-16gpu", "prefill": {"replicas": 2}}
    assert taken(layout=layout, hardware=hardware(nodes=4)).updates == {
        Role.PREFILL: Update.IN_TURN,
        Role.DECODE: Update.BESIDE,
    }


def test_a_price_is_of_all_nodes_and_tokens_are_of_those_that_serve() -> None:
    found = taken(hardware={**hardware(nodes=4), "pricePerGpuHour": 3.0})
    assert found.price_per_hour == 96.0
    # 96 an hour, and 16 GPUs × 100 tokens/s × 3600 s = 5.76 million tokens in it
    assert found.price_per_million_tokens(100) == pytest.approx(96 / 5.76)
    assert taken().price_per_hour is None
    assert taken().price_per_million_tokens(100) is None


def test_the_published_figure_of_sglang_comes_out_of_its_own_rate() -> None:
    """22.3k output tokens/s on a decode node of 8 H100 (SGLang's large-scale EP report): 8 × 2 / 80.3 million."""
    assert per_million_tokens(8 * 2.0, 22_300) == pytest.approx(0.1993, abs=1e-4)
    assert money(1733.1) == "1,733.10"


def test_weights_that_are_there_are_not_downloaded_and_a_claim_of_others_has_no_size() -> None:
    found = taken(hfToken=None, modelCache={"size": "2Ti", "existingClaim": "weights", "download": False})
    assert not found.download
    assert (found.download_deadline_seconds, found.volume_gb) == (None, None)
    assert "PersistentVolumeClaim" not in found.objects
    assert "Secret" in found.objects, "the operator's own SSH key"
