"""What a failed download's log means: what the model's address and the stack's token have to do with it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.plans import plan_of
from wideep.download_causes import DownloadCause, download_cause
from wideep.symptoms import Symptom

ANONYMOUS: dict[str, Any] = {"hfToken": None, "modelCache": {"size": "1Ti", "anonymous": True}}


def cause(symptom: Symptom, line: str, **changes: Any) -> DownloadCause:
    found = download_cause(symptom, plan_of(**changes), line)
    assert found is not None
    return found


def test_what_is_not_found_may_be_hidden_from_the_tokens_account() -> None:
    found = cause(Symptom.NOT_THERE, "RepositoryNotFoundError: 404 Client Error.")
    assert "(404): the name or revision is wrong, or the repository is private or gated" in found.cause
    assert "`HF_TOKEN=hf_… hf auth whoami` prints the token's account" in found.fix
    assert "https://huggingface.co/deepseek-ai/DeepSeek-R1" in found.fix


@pytest.mark.parametrize(
    ("symptom", "line", "status"),
    [
        (Symptom.TOKEN, "RepositoryNotFoundError: 401 Client Error.", 401),
        (Symptom.NOT_THERE, "RevisionNotFoundError: 404 Client Error.", 404),
    ],
)
def test_without_a_token_none_is_rejected_and_one_with_access_is_asked_for(
    symptom: Symptom, line: str, status: int
) -> None:
    found = cause(symptom, line, **ANONYMOUS)
    assert f"({status}): the name or revision is wrong" in found.cause
    assert "none was sent" in found.cause
    assert "pulumi config set --secret hfToken" in found.fix


def test_a_token_that_is_rejected_is_replaced_where_it_is() -> None:
    line = "401 Client Error: Unauthorized"
    assert cause(Symptom.TOKEN, line).key == "hfToken"
    assert cause(Symptom.TOKEN, line, hfToken=None, hfTokenSecret="theirs").key == "hfTokenSecret"
