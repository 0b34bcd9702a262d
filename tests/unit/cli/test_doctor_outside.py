"""What wideep doctor asks outside the cluster: charts, registry and hub, each played by a server of the test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.plans import TOKEN, plan_of
from tests.support.site import Site, serving
from wideep_cli.doctor.builder import builder_finding
from wideep_cli.doctor.external import outside_findings
from wideep_cli.doctor.finding import Finding, Verdict
from wideep_cli.doctor.hub import hub_findings
from wideep_cluster.registry import Reference

MODEL = "/api/models/deepseek-ai/DeepSeek-R1"
PUSH = {"source": "build", "tag": "1"}


@pytest.fixture(autouse=True)
def _no_state_on_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever runs the tests may have one of his own."""
    monkeypatch.setenv("PULUMI_BACKEND_URL", "https://api.pulumi.com")


@pytest.fixture
def site() -> Iterator[Site]:
    with serving() as there:
        yield there


@pytest.fixture
def hub(site: Site, monkeypatch: pytest.MonkeyPatch) -> Site:
    """The hub, with a public model and a token that it knows."""
    monkeypatch.setenv("HF_ENDPOINT", f"http://{site.address}")
    revision = plan_of().download.revision  # type: ignore[union-attr]
    site.says(f"{MODEL}/revision/{revision}", 200, {"gated": False})
    site.says("/api/whoami-v2", 200, {"name": "anna"})
    return site


def gated(hub: Site) -> None:
    path = next(path for path in hub.answers if path.startswith(MODEL))
    hub.says(path, 200, {"gated": "manual"})


def verdicts(findings: list[Finding]) -> dict[str, Verdict]:
    return {finding.check: finding.verdict for finding in findings}


def test_a_public_model_and_a_valid_token_hold(hub: Site) -> None:
    assert verdicts(list(hub_findings(plan_of(), TOKEN))) == {"token": Verdict.PASSED, "model": Verdict.PASSED}


def test_a_token_that_the_hub_does_not_know_is_told_without_showing_it(hub: Site) -> None:
    hub.says("/api/whoami-v2", 401)

    (found,) = hub_findings(plan_of(), TOKEN)

    assert found.verdict is Verdict.FAILED
    assert found.key == "hfToken"
    assert TOKEN not in str(found)


def test_a_gated_model_whose_terms_are_not_accepted_is_told(hub: Site) -> None:
    gated(hub)
    hub.says(f"{MODEL}/auth-check", 403)

    found = list(hub_findings(plan_of(), TOKEN))[-1]

    assert found.verdict is Verdict.FAILED
    assert found.fix == ("Accept them at https://huggingface.co/deepseek-ai/DeepSeek-R1.",)


def test_a_gated_model_without_a_token_cannot_be_told(hub: Site) -> None:
    gated(hub)

    assert verdicts(list(hub_findings(plan_of(), None))) == {"model": Verdict.UNKNOWN}


def hide(hub: Site, status: int) -> None:
    hub.says(next(path for path in hub.answers if path.startswith(MODEL)), status)


def test_a_model_that_the_token_may_not_see_looks_as_if_it_were_not_there_and_both_are_told(hub: Site) -> None:
    hide(hub, 404)

    found = list(hub_findings(plan_of(), TOKEN))[-1]

    assert found.verdict is Verdict.FAILED
    assert "private or gated and the token's account has no access" in found.what
    assert "`HF_TOKEN=hf_… hf auth whoami`" in found.fix[0]
    assert "https://huggingface.co/deepseek-ai/DeepSeek-R1" in found.fix[0]


def test_without_the_stacks_token_a_hidden_model_is_no_failure(hub: Site) -> None:
    hide(hub, 401)
    anonymous = plan_of(hfToken=None, modelCache={"size": "1Ti", "anonymous": True})

    (mine,), (nobodys,) = list(hub_findings(plan_of(), None)), list(hub_findings(anonymous, None))

    assert (mine.verdict, mine.fix) == (Verdict.UNKNOWN, ("HF_TOKEN=hf_… wideep doctor",))
    assert nobodys.verdict is Verdict.FAILED
    assert "none was sent" in nobodys.what
    hide(hub, 404)
    assert verdicts(list(hub_findings(plan_of(), None))) == {"model": Verdict.FAILED}, "the revision is not there"


def test_the_token_goes_to_the_hub_and_to_nobody_else(hub: Site, site: Site) -> None:
    path = next(path for path in hub.answers if path.startswith(MODEL))
    other = site.address.replace("127.0.0.1", "localhost")
    hub.says(path, 302, Location=f"http://{other}/elsewhere")
    hub.says("/elsewhere", 200, {"gated": False})

    list(hub_findings(plan_of(), TOKEN))

    assert (path, f"Bearer {TOKEN}") in site.asked
    assert ("/elsewhere", None) in site.asked


def outside(tmp_path: Path, **config: object) -> list[Finding]:
    """Without the hub: the stack downloads nothing."""
    plan = plan_of(modelCache={"size": "1Ti", "download": False}, **config)
    return outside_findings(plan, tmp_path / "Pulumi.sim.yaml", pulled=False)


def index(version: str) -> dict[str, object]:
    """Of a Helm repository with the two charts."""
    names = ("dynamo-crds", "dynamo-platform")
    return {"entries": {name: [{"version": version, "urls": [f"{name}-{version}.tgz"]}] for name in names}}


@pytest.mark.parametrize("body", ["<html>", "[]", "a: [", index("0.6.0")["entries"]])
def test_what_is_no_index_is_told_as_such(site: Site, tmp_path: Path, body: object) -> None:
    site.says("/index.yaml", 200, body)

    assert (
        "is not the index of a Helm repository"
        in outside(tmp_path, platform={"charts": f"http://{site.address}"})[0].what
    )


def test_a_chart_repository_is_asked_for_the_version(site: Site, tmp_path: Path) -> None:
    site.says("/index.yaml", 200, index("0.6.0"))
    site.says("/v2/", 200)
    image = {**PUSH, "repository": f"{site.address}/wideep"}

    found = outside(tmp_path, platform={"charts": f"http://{site.address}"}, image=image)

    assert verdicts(found) == {"charts": Verdict.PASSED, "registry": Verdict.PASSED}


def test_a_chart_repository_without_the_version_is_told(site: Site, tmp_path: Path) -> None:
    site.says("/index.yaml", 200, index("0.9.0"))

    found = outside(tmp_path, platform={"charts": f"http://{site.address}"})

    assert found[0].verdict is Verdict.FAILED
    assert found[0].key == "platform.charts"


def test_an_image_that_exists_is_found_with_the_token_that_everybody_gets(site: Site, tmp_path: Path) -> None:
    realm = f'Bearer realm="http://{site.address}/token",service="registry"'
    site.says("/v2/wideep/manifests/1", 401, WWW_Authenticate=realm)
    site.says("/v2/wideep/manifests/1+token", 200)
    site.says("/token", 200, {"token": "anonymous"})
    for chart in ("dynamo-crds", "dynamo-platform"):
        (tmp_path / "charts" / chart).mkdir(parents=True)
        (tmp_path / "charts" / chart / "Chart.yaml").touch()
    image = {"source": "existing", "reference": f"{site.address}/wideep:1"}

    found = outside(tmp_path, platform={"charts": "charts"}, image=image)

    assert verdicts(found) == {"charts": Verdict.PASSED, "registry": Verdict.PASSED}


def test_an_image_that_does_not_exist_is_told(site: Site, tmp_path: Path) -> None:
    site.says("/v2/wideep/manifests/2", 404, {"errors": [{"code": "MANIFEST_UNKNOWN"}]})
    image = {"source": "existing", "reference": f"{site.address}/wideep:2"}

    found = outside(tmp_path, platform={"charts": "nowhere"}, image=image)

    assert verdicts(found) == {"charts": Verdict.FAILED, "registry": Verdict.FAILED}


def test_a_registry_that_does_not_answer_stops_a_build_and_not_a_running_graph(tmp_path: Path) -> None:
    plan = plan_of(modelCache={"size": "1Ti", "download": False}, image={**PUSH, "repository": "127.0.0.1:9/wideep"})

    first = outside_findings(plan, tmp_path / "Pulumi.sim.yaml", pulled=False)
    later = outside_findings(plan, tmp_path / "Pulumi.sim.yaml", pulled=True)

    assert verdicts(first)["registry"] is Verdict.FAILED
    assert verdicts(later)["registry"] is Verdict.UNKNOWN


@pytest.mark.parametrize(
    ("text", "host", "repository", "version"),
    [
        ("registry.example.com/a/b:1", "registry.example.com", "a/b", "1"),
        ("localhost:5000/b@sha256:12", "localhost:5000", "b", "sha256:12"),
        ("lmsysorg/sglang:v0.5", "registry-1.docker.io", "lmsysorg/sglang", "v0.5"),
        ("python:3.12-slim", "registry-1.docker.io", "library/python", "3.12-slim"),
        ("registry.example.com/b", "registry.example.com", "b", "latest"),
    ],
)
def test_references_are_read_as_docker_reads_them(text: str, host: str, repository: str, version: str) -> None:
    assert Reference.parse(text) == Reference(host, repository, version)


@pytest.mark.parametrize(
    ("docker", "verdict", "fix"),
    [
        ("exit 0", Verdict.PASSED, ()),
        (
            "exit 1",
            Verdict.FAILED,
            (
                "docker buildx create --name big --driver kubernetes, or --driver remote tcp://HOST:1234",
                "image.builder: one of `docker buildx ls`",
            ),
        ),
        (None, Verdict.UNKNOWN, ()),
    ],
)
def test_a_builder_is_looked_for_by_its_name(
    docker: str | None, verdict: Verdict, fix: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if docker:
        (tmp_path / "docker").write_text(f'#!/bin/sh\n[ "$*" = "buildx inspect big" ] && {docker}\n')
        (tmp_path / "docker").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))

    found = builder_finding(plan_of(image={**PUSH, "repository": "r.example.com/wideep", "builder": "big"}))

    assert found is not None
    assert (found.verdict, found.fix) == (verdict, fix)


def test_without_a_builders_name_none_is_looked_for() -> None:
    assert builder_finding(plan_of(image={**PUSH, "repository": "r.example.com/wideep"})) is None
