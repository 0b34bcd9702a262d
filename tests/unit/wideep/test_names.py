"""Names keep their limits, and two long ones stay two."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wideep import names
from wideep.catalog import MODELS

LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
repositories = st.text(alphabet="abcXYZ019._-/", min_size=1, max_size=200)


def test_the_lab_readmes_port_forward_works_for_r1() -> None:
    graph = names.graph("deepseek-ai/DeepSeek-R1")

    assert names.frontend_service(graph) == "deepseek-r1-wideep-frontend"


@pytest.mark.parametrize("model", MODELS)
def test_every_model_of_the_catalog_gets_names_of_its_own(model: str) -> None:
    others = {names.graph(other) for other in MODELS if other != model}

    assert names.graph(model) not in others
    assert names.download_job(model) not in {names.download_job(other) for other in MODELS if other != model}


@given(repositories)
def test_a_graphs_name_is_a_dns_label_that_grove_takes_with_each_worker(model: str) -> None:
    graph = names.graph(model)

    assert LABEL.fullmatch(graph)
    assert graph[0].isalpha(), "a Service's name starts with a letter"
    assert len(names.frontend_service(graph)) <= names.LABEL_LIMIT
    assert max(names.grove_length(graph, role, nodes=9) for role in ("prefill", "decode")) <= names.GROVE_LIMIT
    assert names.grove_length(graph, "frontend", nodes=1) <= names.GROVE_LIMIT


@given(repositories)
def test_a_jobs_name_is_a_dns_label(model: str) -> None:
    job = names.download_job(model)

    assert LABEL.fullmatch(job)
    assert len(job) <= names.LABEL_LIMIT


def test_a_name_within_the_limit_is_left_alone() -> None:
    assert names.truncate_with_hash("deepseek-r1-wideep", 27) == "deepseek-r1-wideep"


def test_two_names_that_differ_only_where_they_are_cut_stay_two() -> None:
    long = "a" * 40
    cut = {names.truncate_with_hash(f"{long}-{end}", 27) for end in ("prefill", "decode")}

    assert len(cut) == 2
    assert {len(name) for name in cut} == {27}


def test_grove_counts_graph_scaling_group_and_clique_of_a_worker_with_several_pods() -> None:
    assert names.grove_length("graph", "prefill", nodes=2) == len("graph" + "prefill" + "prefill-ldr")
    assert names.grove_length("graph", "prefill", nodes=1) == len("graph" + "prefill")


def test_the_platforms_release_name_holds_no_name_of_a_sub_chart() -> None:
    assert not re.search("nats|etcd", names.PLATFORM_RELEASE)
