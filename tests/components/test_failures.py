"""What a user reads when the engine could not make a resource, and when that is tried again."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace

import pulumi
import pytest

from components.lifecycle import error_hooks as failures
from components.lifecycle.error_context import ErrorContext
from components.lifecycle.error_hooks import RETRY_DEADLINE_SECONDS, ErrorHandler
from components.lifecycle.orphan_hooks import Run
from tests.support.plans import plan_of

IMAGE, SECRET, RELEASE = "docker-build:index:Image", "kubernetes:core/v1:Secret", "kubernetes:helm.sh/v3:Release"
JOB, GRAPH = "kubernetes:batch/v1:Job", "kubernetes:nvidia.com/v1alpha1:DynamoGraphDeployment"
NOT_CREATED = 'resource "urn:…" was not successfully created by the Kubernetes API server: '
AWAY = NOT_CREATED + 'Post "https://10.0.0.1:6443/api/v1": dial tcp 10.0.0.1:6443: connect: connection refused'
EXISTS = NOT_CREATED + 'secrets "hf-token-secret" already exists'
FORBIDDEN = (
    'dynamographdeployments.nvidia.com is forbidden: User "anna" cannot create resource "dynamographdeployments" in '
    'API group "nvidia.com" in the namespace "lab"'
)
JOB_FAILED = "Job failed: BackoffLimitExceeded\n"
SOLVE = (
    'failed to solve: process "/bin/sh -c python -c \\"import deep_ep\\"" did not complete successfully: exit code: 7'
)
PUSH = "failed to push registry.example.com:5000/team/wideep:0.6.0: "


class Engine:
    """The program's side of the engine: what was logged, how long was waited."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, context: ErrorContext, remade: bool = False) -> None:
        self.errors: list[str] = []
        self.said: list[str] = []
        self.waited: list[float] = []
        monkeypatch.setattr(pulumi.log, "error", self.errors.append)
        monkeypatch.setattr(pulumi.log, "info", self.said.append)
        there = SimpleNamespace(type=SECRET)
        monkeypatch.setattr(failures, "find_object", lambda *_: there)
        monkeypatch.setattr(failures, "delete_orphan", lambda *_: remade)
        self.handler = ErrorHandler(context, Run("o/p/s", False, {}), self._sleep, told=set())

    async def _sleep(self, seconds: float) -> None:
        self.waited.append(seconds)

    def fails(self, kind: str, *errors: str, name: str = "one") -> bool:
        """Whether it is tried again. ``errors``: newest first."""
        inputs = {"metadata": {"name": name, "namespace": "lab"}} if kind.startswith("kubernetes:") else {}
        args = pulumi.ErrorHookArgs("urn:one", "", "resource", kind, inputs, errors=list(errors))
        return asyncio.run(self.handler(args))


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Engine:
    return Engine(monkeypatch, ErrorContext(charts="https://x", plan=plan_of()))


@pytest.mark.parametrize(
    ("kind", "error", "words"),
    [
        (IMAGE, PUSH + "POST https://…: UNAUTHORIZED: authentication required", ["rejects the push", "docker login"]),
        (
            IMAGE,
            PUSH + "server message: insufficient_scope: authorization failed",
            ["docker login registry.example.com:5000"],
        ),
        (
            IMAGE,
            PUSH + 'do request: Head "https://…": dial tcp: lookup x: no such host',
            ["no such host", "image.repository"],
        ),
        (IMAGE, PUSH + 'Head "https://…": tls: x509: certificate signed by unknown authority', ["x509: certificate"]),
        (IMAGE, SOLVE, ["exit code 7", "import deep_ep", "rebuilds from the builder's cache"]),
        (IMAGE, "failed to copy: write /var/lib/x: no space left on device", ["docker buildx prune"]),
        (IMAGE, "Cannot connect to the Docker daemon at unix:///var/run/docker.sock", ["start Docker"]),
        (RELEASE, "Helm Release lab/one: context deadline exceeded", ["not become ready in time", "wideep doctor"]),
        (
            RELEASE,
            "failed to become available within allocated timeout. Error: Helm Release lab/one: context canceled",
            ["was interrupted", "run it again"],
        ),
        (JOB, 'Resource operation was cancelled for "download"', ["was interrupted", "run it again"]),
        (RELEASE, 'looks like "https://x" is not a valid chart repository', ["cannot read the charts", "set platform"]),
        (RELEASE, 'failed to download "dynamo-platform" at version "1.6.1"', ["cannot read the charts"]),
        (
            RELEASE,
            'error validating data: failed to download openapi: Get "https://x/openapi/v2?timeout=32s": '
            "dial tcp 10.0.0.1:443: connect: connection refused",
            ["API server does not accept requests: connect: connection refused", "run `pulumi up` again"],
        ),
        (JOB, JOB_FAILED + "HfHubHTTPError: 401 Client Error: Unauthorized", ["pulumi config set --secret hfToken"]),
        (JOB, JOB_FAILED + "GatedRepoError: Access to model x is restricted", ["accept the terms at https://hugging"]),
        (JOB, JOB_FAILED + "OSError: [Errno 28] No space left on device", ["is full", "modelCache.size: more than"]),
        (JOB, JOB_FAILED + "something new", ["the download failed", "pulumi up"]),
        (GRAPH, FORBIDDEN, ["anna may not create", "auth can-i create dynamographdeployments.nvidia.com -n lab"]),
        (SECRET, 'secrets is forbidden: User "anna" cannot list resource "secrets"', ["can-i list secrets`"]),
        (JOB, "exceeded quota: gpus, requested: count/jobs.batch=1", ["quota gpus", "describe quota"]),
        (
            GRAPH,
            'failed calling webhook "v.example.com": no endpoints',
            ["v.example.com is unreachable", "kubectl get"],
        ),
        (
            GRAPH,
            'admission webhook "p.example.com" denied the request: no {team} label',
            ["denied the request: no {team} label"],
        ),
        (
            GRAPH,
            'admission webhook "p.example.com" denied the request: spec.components[decode].replicas cannot be modified '
            "directly when scaling adapter is enabled",
            ["by its scaling adapter", "run `pulumi up` again"],
        ),
        (SECRET, EXISTS, ["not owned by this stack", "another `namespace`"]),
        (GRAPH, "the apiVersion for this resource does not exist", ["CRD is missing", "platform.install: true"]),
        (
            SECRET,
            'unreachable: context "x" does not exist in kubeconfig',
            ["no context x", "kubectl config get-contexts"],
        ),
        (SECRET, "unreachable: failed to parse kubeconfig data", ["no usable kubeconfig", "KUBECONFIG=FILE"]),
        (SECRET, NOT_CREATED + "Unauthorized", ["credentials (401", "kubernetes:context"]),
    ],
)
def test_a_providers_error_is_told_in_a_sentence_with_its_remedy(
    engine: Engine, kind: str, error: str, words: list[str]
) -> None:
    assert not engine.fails(kind, error)
    (said,) = engine.errors
    assert [word for word in words if word not in said] == []
    assert said.startswith(kind.rpartition(":")[2])


def test_what_is_not_known_is_left_to_the_providers_own_words(engine: Engine) -> None:
    assert not engine.fails(GRAPH, "spec.services: Invalid value")
    assert engine.errors == []


def test_words_of_an_error_are_quoted_and_never_read_as_a_template(engine: Engine) -> None:
    line = "Max retries exceeded with url: /api (Caused by {NameResolutionError: {plan}})"
    assert not engine.fails(JOB, JOB_FAILED + line)
    assert not engine.fails(IMAGE, 'process "/bin/sh -c echo ${HOME} {0}" did not complete successfully: exit code: 2')
    assert line in engine.errors[0]
    assert "echo ${HOME} {0}" in engine.errors[1]


def test_what_all_have_in_common_is_told_once(engine: Engine) -> None:
    engine.fails(SECRET, "unreachable: failed to parse kubeconfig data")
    engine.fails(JOB, "unreachable: failed to parse kubeconfig data")
    assert len(engine.errors) == 1


def test_a_secret_that_exists_can_be_used_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = Engine(monkeypatch, ErrorContext(use_instead="hfTokenSecret: {name}"))
    engine.fails(SECRET, EXISTS, name="mine")
    assert "hfTokenSecret: mine" in engine.errors[0]


def test_a_token_in_an_error_is_masked(engine: Engine) -> None:
    engine.fails(GRAPH, 'admission webhook "w" denied the request: env HF_TOKEN=hf_abcdefghijkl is no secret')
    assert "hf_abcdefghijkl" not in engine.errors[0]


def test_a_registry_login_of_the_config_is_what_has_to_change(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = Engine(monkeypatch, ErrorContext(has_registry_login=True))
    engine.fails(IMAGE, PUSH + "401 Unauthorized")
    assert "--path image.registry.password" in engine.errors[0]


def test_an_api_server_that_restarts_is_waited_for_ever_longer(engine: Engine) -> None:
    tries = [engine.fails(SECRET, *[AWAY] * number) for number in (1, 2, 3, 4, 5)]
    assert tries == [True] * 5
    assert engine.waited == [2, 4, 8, 15, 15]
    assert "connection refused" in engine.said[0]
    assert engine.errors == []


@pytest.mark.parametrize(
    "error",
    [
        'Get "https://a:6443/api/v1/namespaces/lab/secrets?labelSelector=name%3Dx%2Cowner%3Dhelm": EOF',
        'Kubernetes cluster unreachable: Get "https://a:6443/version": net/http: TLS handshake timeout',
        "create: failed to create: the server has received too many requests and has asked us to try again later "
        "(post secrets)",
    ],
)
def test_a_release_that_helm_has_not_begun_is_tried_again(engine: Engine, error: str) -> None:
    assert engine.fails(RELEASE, error)


def test_an_api_server_that_stays_away_is_told_when_its_time_has_passed(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine.fails(SECRET, AWAY)
    began = engine.handler.since["urn:one"]
    monkeypatch.setattr(failures.time, "monotonic", lambda: began + RETRY_DEADLINE_SECONDS)
    assert not engine.fails(SECRET, AWAY, AWAY)
    assert "when it is ready" in engine.errors[0]


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        (RELEASE, "connect: connection refused"),
        (JOB, "was successfully created, but … failed to fully initialize or become live: EOF"),
        (IMAGE, PUSH + "connect: connection refused"),
    ],
)
def test_what_has_been_begun_is_not_begun_again(engine: Engine, kind: str, error: str) -> None:
    assert not engine.fails(kind, error)
    assert engine.waited == []


@pytest.mark.parametrize("ours", [True, False])
def test_what_a_try_made_whose_answer_was_lost_is_made_again(monkeypatch: pytest.MonkeyPatch, ours: bool) -> None:
    engine = Engine(monkeypatch, ErrorContext(), remade=ours)
    assert engine.fails(SECRET, EXISTS, NOT_CREATED + "EOF") is ours
    assert engine.errors == (
        []
        if ours
        else ["Secret one: an earlier attempt created it, but the response was lost.\n  Run `pulumi up` again"]
    )


@pytest.mark.parametrize(
    ("kind", "name", "instead"),
    [
        ("kubernetes:core/v1:PersistentVolumeClaim", "weights", "modelCache.existingClaim: weights"),
        ("kubernetes:networking.k8s.io/v1:NetworkPolicy", "p", "access.networkPolicies: false"),
        (GRAPH, "g", "set another `name`"),
        ("kubernetes:core/v1:Service", "s", "set another `namespace`"),
    ],
)
def test_an_object_of_somebody_else_is_used_or_stood_beside_and_never_to_be_deleted(
    engine: Engine, kind: str, name: str, instead: str
) -> None:
    assert not engine.fails(kind, f'{NOT_CREATED} "{name}" already exists', name=name)
    (said,) = engine.errors
    assert instead in said
    assert "delete" not in said


@pytest.mark.parametrize(
    ("configured", "variable", "told"),
    [
        (None, None, "neither KUBECONFIG nor kubernetes:kubeconfig is set"),
        (None, "/nowhere", "KUBECONFIG names /nowhere"),
        ("other", "/nowhere", "kubernetes:kubeconfig names other"),
        ("users: [{user: {token: hidden}}\n", None, "kubernetes:kubeconfig holds one"),
    ],
)
def test_a_missing_kubeconfig_is_told_with_where_it_was_looked_for_and_never_with_its_content(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, configured: str | None, variable: str | None, told: str
) -> None:
    monkeypatch.delenv("KUBECONFIG", raising=False)
    if variable:
        monkeypatch.setenv("KUBECONFIG", variable)
    pulumi.runtime.set_all_config({"kubernetes:kubeconfig": configured} if configured else {})
    assert not engine.fails(SECRET, "failed to parse kubeconfig data in `kubernetes:config:kubeconfig`")
    assert f"({told})" in engine.errors[0]
    assert "hidden" not in engine.errors[0]
    pulumi.runtime.set_all_config({})
