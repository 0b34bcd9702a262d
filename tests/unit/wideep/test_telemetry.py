"""``telemetry``: what frontend and workers are told of logs and traces, by release."""

from __future__ import annotations

import pytest

from tests.support.configs import settings
from tests.support.containers import env_by_component
from wideep.errors import ConfigError
from wideep.plan import Plan, make_plan
from wideep.rules import accept_settings, check

COLLECTOR = "http://otel-collector.observability:4317"
BOTH = {"jsonLogs": True, "traces": COLLECTOR}
JSON = {"DYN_LOGGING_JSONL": "true"}
SENT = {"OTEL_EXPORT_ENABLED": "true", "OTEL_EXPORTER_OTLP_ENDPOINT": COLLECTOR}
OLD_NAMES = {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": COLLECTOR, "OTEL_EXPORT_ENDPOINT": COLLECTOR}


def plan(version: str, **changed: object) -> Plan:
    return make_plan(accept_settings(settings(platform={"version": version}, **changed)))


@pytest.mark.parametrize(
    ("version", "telemetry", "env"),
    [
        ("0.6.0", {"jsonLogs": True}, JSON),
        ("1.6.1", {"jsonLogs": True}, JSON),
        ("0.6.0", BOTH, {**JSON, **SENT, **OLD_NAMES}),
        ("1.4.2", BOTH, {**JSON, **SENT, **OLD_NAMES}),
        ("1.6.1", BOTH, {**JSON, **SENT}),
        ("1.6.1", {"traces": COLLECTOR}, SENT),
    ],
)
def test_each_component_is_told_by_the_names_of_its_release(
    version: str, telemetry: dict[str, object], env: dict[str, str]
) -> None:
    before, after = env_by_component(plan(version)), env_by_component(plan(version, telemetry=telemetry))
    assert {name.lower() for name in after} == {"frontend", "prefill", "decode"}
    for name, told in after.items():
        service = {"OTEL_SERVICE_NAME": f"deepseek-r1-wideep-{name.lower()}"} if "traces" in telemetry else {}
        assert dict(told.items() - before[name].items()) == env | service


def test_a_variable_of_the_stacks_own_wins() -> None:
    stack = plan("1.6.1", telemetry=BOTH, workers={"env": {"OTEL_SERVICE_NAME": "ours"}})
    assert env_by_component(stack)["decode"]["OTEL_SERVICE_NAME"] == "ours"


@pytest.mark.parametrize("version", ["0.6.0", "1.5.1"])
def test_traces_without_json_logs_are_refused_where_they_go_together(version: str) -> None:
    (problem,) = check(settings(platform={"version": version}, telemetry={"traces": COLLECTOR}))
    assert (problem.key, problem.value) == ("telemetry.traces", COLLECTOR)
    assert f"Dynamo {version}" in problem.rule
    assert "telemetry.jsonLogs: true" in problem.fix


@pytest.mark.parametrize("address", ["otel:4317", "https://otel:4317", "http://otel", "http://otel:4317/v1/traces"])
def test_an_address_that_is_none_of_a_grpc_collector_is_refused(address: str) -> None:
    with pytest.raises(ConfigError, match=r"telemetry\.traces"):
        settings(telemetry={"traces": address})
