"""`make preview`: a stack previewed with nothing of its own world, the same every time, with all that is wrong said."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from sim.state import Cluster
from tests.support.process import Said, run
from tests.support.repository import Repository, make_repository

pytestmark = [pytest.mark.cluster, pytest.mark.late(1)]

RUNS = int(os.environ.get("PREVIEW_RUNS", "3"))
"""How often the same preview is made: PREVIEW_RUNS=20 takes some minutes."""


def make_preview(repository: Repository, cluster: Cluster, stacks: str, *, fails: bool = False, **env: str) -> Said:
    """`make preview STACK=…`, as a person types it."""
    command = ("make", "--silent", "preview", f"STACK={stacks}")
    env = os.environ | {"SIM_ID": cluster.id} | env
    return run(*command, cwd=repository.folder, env=env, seconds=600, fails=fails)


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return make_repository(tmp_path / "repository")


def test_previews_of_dev_and_prod_are_the_same_byte_for_byte(cluster: Cluster, repository: Repository) -> None:
    seen = set[str]()
    for number in range(RUNS):
        done = make_preview(repository, cluster, "dev prod", PYTHONHASHSEED=str(number), TZ=f"UTC-{number}")
        seen.add(done.out)
    (printed,) = seen
    assert printed.count("+ graph/graph-graph (DynamoGraphDeployment)") == 2


def test_offline_it_is_the_same_and_says_what_was_not_checked(cluster: Cluster, repository: Repository) -> None:
    with_cluster = make_preview(repository, cluster, "prod")
    offline = make_preview(repository, cluster, "prod", OFFLINE="1", KUBECONFIG="/nowhere")
    assert offline.out == with_cluster.out
    assert "prod: not checked: what an API server would refuse or fill in: no cluster was asked" in offline.err
    for done in (with_cluster, offline):
        assert "prod: not checked: the charts of NVIDIA's repository" in done.err
        assert "prod: not checked: what runs on the stack's own cluster now" in done.err


def test_secrets_are_replaced_and_never_decrypted(cluster: Cluster, repository: Repository) -> None:
    """The stack's own secrets need a key that nobody has here."""
    file = repository.folder / "Pulumi.prod.yaml"
    text = file.read_text().replace("config:\n", "config:\n  dynamo-wideep:hfToken: {secure: v1:AAAA:BBBB}\n", 1)
    file.write_text(f"secretsprovider: awskms://alias/nobodys\nencryptedkey: CCCC\n{text}")
    done = make_preview(repository, cluster, "prod", PULUMI_ACCESS_TOKEN="pul-nobodys")
    assert "prod: not checked: the values of hfToken: stand-ins are in their place" in done.err
    assert "data: '[secret]'" in done.out
    assert not re.search(r"\bhf_(?!xet\b)", done.out)  # the lock of the download names hf_xet


def test_policies_of_one_stack_fail_it_with_what_to_write_and_the_other_is_previewed(
    cluster: Cluster, repository: Repository
) -> None:
    repository.commit(
        "Too much",
        {
            "Pulumi.prod.yaml": ("retain: true", "retain: false"),
            "policy/limits.yaml": ("dev: 8", "dev: 4"),
        },
    )
    done = make_preview(repository, cluster, "dev prod", fails=True)
    assert "dev: error: policy gpus-within-the-limit: stack dev takes 8 GPUs and may take 4: choose" in done.err
    rule = "prod: error: policy cache-protected-in-production"
    assert f"{rule}: cache-claim: destroy would delete the volume" in done.err
    assert done.err.count("the preview FAILED") == 2
    assert "Traceback" not in done.err


def test_a_stack_that_does_not_exist_is_one_sentence(cluster: Cluster, repository: Repository) -> None:
    done = make_preview(repository, cluster, "prud", fails=True)
    assert "there is no stack 'prud': Pulumi.prud.yaml does not exist; try prod" in done.err
    assert "Traceback" not in done.err
