"""What a preview finds outside the stack's resources: an image that is not there, a chart that is another one."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from components.preflight.external import external_answers
from tests.support.engine import run
from tests.support.plans import plan_of
from tests.support.site import Site, serving
from wideep.errors import Problem
from wideep.plan import Plan
from wideep_cluster.registry import Login, stored_login

LOGIN = Login("robot", "SyntheticPassword")
BASIC = "Basic " + base64.b64encode(b"robot:SyntheticPassword").decode()
MISSING = {"errors": [{"code": "MANIFEST_UNKNOWN", "message": "manifest unknown"}]}
MANIFEST = "/v2/wideep/manifests/1"


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """A registry without images, on a machine that is logged in to none."""
    for variable in ("HELM_CONFIG_HOME", "DOCKER_CONFIG"):
        monkeypatch.setenv(variable, "/nowhere")
    with serving() as site:
        site.says(MANIFEST, 404, MISSING)
        yield site


def image(site: Site, tag: str = ":1") -> Plan:
    return plan_of(image={"source": "existing", "reference": f"{site.address}/wideep{tag}"})


def looked(plan: Plan, login: Login | None = None) -> tuple[list[Problem], list[str]]:
    """The problems, and what the preview logs."""
    found: list[Problem] = []
    engine = run(lambda: found.extend(_problems(plan, login)), preview=True)
    return found, engine.log


def _problems(plan: Plan, login: Login | None = None) -> list[Problem]:
    return [each for each in external_answers(plan, login) if isinstance(each, Problem)]


def test_an_image_that_the_registry_does_not_have_is_refused_with_what_to_write(registry: Site) -> None:
    ((problem,), _) = looked(image(registry))
    assert (problem.key, problem.value) == ("image.reference", f"{registry.address}/wideep:1")
    assert "no such image" in problem.rule
    assert problem.fix == "set reference: an existing tag or digest"


def test_a_digest_is_asked_for_too(registry: Site) -> None:
    digest = "sha256:" + "5" * 64
    registry.says(f"/v2/wideep/manifests/{digest}", 404, MISSING)
    assert [problem.key for problem in looked(image(registry, f":1@{digest}"))[0]] == ["image.reference"]


def test_an_image_that_is_there_is_none(registry: Site) -> None:
    registry.says(MANIFEST, 200, {"schemaVersion": 2})
    assert looked(image(registry))[0] == []


@pytest.mark.parametrize("status", [401, 403, 404, 500, 503])
def test_an_answer_that_is_not_the_registrys_not_found_is_none(registry: Site, status: int) -> None:
    """A 404 without the registry's own error is of what stands before it."""
    registry.says(MANIFEST, status, "<html>")
    assert looked(image(registry))[0] == []


def test_a_registry_that_does_not_answer_is_none() -> None:
    plan = plan_of(image={"source": "existing", "reference": "127.0.0.1:9/wideep:1"})
    assert looked(plan)[0] == []


def test_an_image_that_is_built_is_not_asked_for() -> None:
    assert looked(plan_of())[0] == []


def test_the_login_goes_to_a_registry_that_wants_one_and_into_no_message(registry: Site) -> None:
    registry.says(MANIFEST, 401, WWW_Authenticate='Basic realm="here"')
    registry.says(f"{MANIFEST}+token", 404, MISSING)
    ((problem,), log) = looked(image(registry), LOGIN)
    assert [given for _, given in registry.asked] == [None, BASIC]
    assert "SyntheticPassword" not in f"{problem}{log}{LOGIN}"


def test_the_login_is_changed_for_a_token_where_the_challenge_says(registry: Site) -> None:
    realm = f'Bearer realm="http://{registry.address}/token",service="registry"'
    registry.says(MANIFEST, 401, WWW_Authenticate=realm)
    registry.says(f"{MANIFEST}+token", 404, MISSING)
    registry.says("/token", 200, {"token": "given"})
    assert len(looked(image(registry), LOGIN)[0]) == 1
    assert registry.asked == [(MANIFEST, None), ("/token", BASIC), (MANIFEST, "Bearer given")]


def test_a_password_is_not_sent_in_clear_to_another_host(registry: Site) -> None:
    registry.says(MANIFEST, 401, WWW_Authenticate='Bearer realm="http://elsewhere.example.com/token"')
    assert looked(image(registry), LOGIN)[0] == []
    assert registry.asked == [(MANIFEST, None)]


def test_a_login_that_is_refused_is_a_warning(registry: Site) -> None:
    registry.says(MANIFEST, 401, WWW_Authenticate='Basic realm="here"')
    problems, log = looked(image(registry), LOGIN)
    assert problems == []
    assert f"{registry.address} refuses the login of image.registry (401): pods could not pull either" in log


def test_without_a_login_of_the_stack_the_one_of_helm_or_docker_is_taken(
    registry: Site, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("docker")
    auth = BASIC.removeprefix("Basic ")
    (folder / "config.json").write_text(f'{{"auths": {{"{registry.address}": {{"auth": "{auth}"}}}}}}')
    monkeypatch.setenv("DOCKER_CONFIG", str(folder))
    assert stored_login(registry.address) == LOGIN
    assert stored_login("another.example.com") is None


ARCHIVE = b"the chart's archive"
DIGEST = "sha256:" + hashlib.sha256(ARCHIVE).hexdigest()
OTHER = "sha256:" + "5" * 64


def charts(where: str, digest: str, **platform: object) -> list[Problem]:
    """What is wrong with the chart dynamo-platform."""
    written = {"charts": where, "digests": {"platform": digest}, **platform}
    return _problems(plan_of(platform=written))


@pytest.fixture(params=["repository", "registry", "folder"])
def source(request: pytest.FixtureRequest, registry: Site, tmp_path: Path) -> str:
    """Somewhere that the chart comes from, as the stack config has it."""
    if request.param == "folder":
        (tmp_path / "dynamo-platform-0.6.0.tgz").write_bytes(ARCHIVE)
        return str(tmp_path)
    if request.param == "registry":
        registry.says("/v2/team/dynamo-platform/manifests/0.6.0", 200, ARCHIVE)
        return f"oci://{registry.address}/team"
    entry = {"version": "0.6.0", "urls": ["files/dynamo-platform-0.6.0.tgz"]}
    registry.says(
        "/charts/index.yaml", 200, {"entries": {"dynamo-platform": [{"version": "0.5.0", "urls": []}, entry]}}
    )
    registry.says("/charts/files/dynamo-platform-0.6.0.tgz", 200, ARCHIVE)
    return f"http://{registry.address}/charts"


def test_a_chart_with_its_digest_is_taken_wherever_it_comes_from(source: str) -> None:
    assert charts(source, DIGEST) == []


def test_a_chart_with_another_digest_is_refused_with_the_one_that_it_has(source: str) -> None:
    (problem,) = charts(source, OTHER)
    assert (problem.key, problem.value) == ("platform.digests.platform", OTHER)
    assert problem.rule == f"dynamo-platform 0.6.0 of {source} is another one: {DIGEST}"


def test_a_platform_that_is_there_needs_no_chart(source: str) -> None:
    assert charts(source, OTHER, install=False) == []


def test_without_digests_no_chart_is_read(registry: Site) -> None:
    assert _problems(plan_of(platform={"charts": f"http://{registry.address}"})) == []
    assert registry.asked == []


@pytest.mark.parametrize(
    ("where", "says"),
    [
        ("http://{}/charts", "/charts/index.yaml answers 404"),
        ("oci://{}/team", "answers 404 for team/dynamo-platform:0.6.0"),
        ("http://127.0.0.1:9", "Connection refused"),
        ("sim/charts", "an unpacked chart has no digest"),
    ],
)
def test_a_chart_that_cannot_be_read_is_not_taken_for_the_right_one(where: str, says: str, registry: Site) -> None:
    (problem,) = charts(where.format(registry.address), DIGEST)
    assert problem.key == "platform.digests.platform"
    assert says in problem.rule


def test_a_version_that_the_index_does_not_have_is_told(registry: Site) -> None:
    registry.says("/index.yaml", 200, {"entries": {"dynamo-platform": []}})
    (problem,) = charts(f"http://{registry.address}", DIGEST)
    assert "has no dynamo-platform 0.6.0" in problem.rule
