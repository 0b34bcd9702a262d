"""The Secret with the Hugging Face token."""

import pulumi
import pytest

from components.hf_token import HfToken, HfTokenArgs
from tests.support.engine import OWN, Secret, run
from tests.support.plans import TOKEN, plan_of


@pytest.mark.parametrize("token", [TOKEN, pulumi.Output.secret(TOKEN)], ids=["plain", "secret"])
def test_the_token_is_a_secret_whatever_comes_in(token: pulumi.Input[str]) -> None:
    plan = plan_of().token
    assert plan is not None
    engine = run(lambda: HfToken("token", HfTokenArgs("dynamo-workshop", plan, token)))
    inputs = engine.resources["token-secret"].inputs
    assert inputs["metadata"] == {"name": "hf-token-secret", "namespace": "dynamo-workshop", "annotations": OWN}
    assert inputs["stringData"] == Secret({"HF_TOKEN": TOKEN})
