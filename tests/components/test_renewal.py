"""A failed download is made anew once, and the one that then succeeds stays."""

from __future__ import annotations

from typing import Any

import pytest

from components.lifecycle.job_retry import attempt_after
from wideep.resource_names import RETRY_OF_ANNOTATION


def _job(uid: str, *conditions: str, after: str | None = None) -> dict[str, Any]:
    """As the state has it."""
    annotations = {"annotations": {RETRY_OF_ANNOTATION: after}} if after else {}
    made = [{"type": condition, "status": "True"} for condition in conditions]
    spec = {"template": {"metadata": annotations, "spec": {}}}
    return {"metadata": {"uid": uid}, "spec": spec, "status": {"conditions": made} if made else {}}


@pytest.mark.parametrize(
    ("job", "attempt"),
    [
        (_job("a", "Complete"), None),
        (_job("a", "Failed"), "a"),
        (_job("a"), "a"),
        (_job("b", "SuccessCriteriaMet", "Complete", after="a"), "a"),
        (_job("b", "Failed", after="a"), "b"),
    ],
)
def test_only_what_is_not_known_to_be_complete_is_made_anew(job: dict[str, Any], attempt: str | None) -> None:
    assert attempt_after(job) == attempt
