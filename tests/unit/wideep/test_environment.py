"""Environment of the workers: each role's own, and what in it would go round a key."""

import pytest

from tests.support.configs import broken, settings, stack
from wideep.errors import ConfigError
from wideep.plan import make_plan
from wideep.rules import accept, accept_settings
from wideep.settings.layout import Role

LIMIT = "SGLANG_DEEPEP_NUM_MAX_DISPATCH_TOKENS_PER_RANK"
WIDE = "wide-32gpu"


def env_of(plan_role: Role, **changed: object) -> dict[str, str | None]:
    services = make_plan(accept_settings(settings(**changed))).graph.spec.services
    service = next(each for each in services.values() if each.sub_component_type == plan_role)
    assert service.extra_pod_spec
    return {each.name: each.value for each in service.extra_pod_spec.main_container.env or ()}


def test_a_roles_environment_is_its_own_and_wins_over_what_both_have() -> None:
    layout = {"preset": WIDE, "decode": {"env": {"SGLANG_NUM_RESERVED_DECODE_TOKENS": "102", "NCCL_DEBUG": "INFO"}}}
    both = {"env": {"NCCL_DEBUG": "WARN"}}
    decode, prefill = (env_of(role, layout=layout, workers=both) for role in (Role.DECODE, Role.PREFILL))
    assert decode["SGLANG_NUM_RESERVED_DECODE_TOKENS"] == "102"
    assert decode["NCCL_DEBUG"] == "INFO"
    assert "SGLANG_NUM_RESERVED_DECODE_TOKENS" not in prefill
    assert prefill["NCCL_DEBUG"] == "WARN"


def test_a_variable_that_a_key_sets_is_refused_with_the_key() -> None:
    everywhere = broken(WIDE, workers={"env": {LIMIT: "1024"}})[f"workers.env.{LIMIT}"]
    assert "layout.ROLE.maxDispatchTokensPerRank" in everywhere
    own = broken({"preset": WIDE, "decode": {"env": {LIMIT: "1024"}}})[f"layout.decode.env.{LIMIT}"]
    assert "remove it and write layout.decode.maxDispatchTokensPerRank" in own


@pytest.mark.parametrize("name", ["CUDA_VISIBLE_DEVICES", "DYN_NAMESPACE", "DYN_SYSTEM_PORT", "HF_TOKEN"])
def test_so_is_one_that_the_program_the_operator_or_a_secret_brings(name: str) -> None:
    assert "remove it" in broken({"preset": WIDE, "prefill": {"env": {name: "x"}}})[f"layout.prefill.env.{name}"]


@pytest.mark.parametrize(("value", "written"), [(1, '"1"'), (0.5, '"0.5"'), (True, '"true"')])
def test_a_value_without_quotes_is_told_how_to_write_it(value: object, written: str) -> None:
    with pytest.raises(ConfigError) as caught:
        accept(stack(workers={"env": {"NVSHMEM_IB_ENABLE_IBGDA": value}}))
    (problem,) = caught.value.problems
    assert problem.key == "workers.env.NVSHMEM_IB_ENABLE_IBGDA"
    assert problem.fix == f"put it in quotes: {written}"
