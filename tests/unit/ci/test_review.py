"""What a reviewer reads of a preview: a diff without noise from the engine's event log, and one comment."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest

from ci.review import served
from ci.review.comment import LIMIT, Review, comment
from ci.review.diff import KNOWN_LATER, SIGNATURE, UNKNOWN, counts, diff_text
from ci.review.events import Preview, Violation, read_events
from tests.conftest import ROOT
from tests.support.answers import FormulaAnswers
from wideep_cli.advise import forecast
from wideep_cli.errors import CallError
from wideep_cli.stack_context import StackContext, load, stack_file

STACK = "urn:pulumi:dev::dynamo-wideep::pulumi:pulumi:Stack::dynamo-wideep-dev"
SECRET = {SIGNATURE: "1b47061264138c4ac30d75fd1eb44270", "ciphertext": "[secret]"}
SUMMARY = {"summaryEvent": {"result": "succeeded"}}

Event = dict[str, Any]


def component(name: str) -> Event:
    kind = f"dynamo-wideep:index:{name.title()}"
    urn = f"urn:pulumi:dev::dynamo-wideep::{kind}::{name}"
    return pre("create", {"type": kind, "urn": urn, "parent": STACK})


def pre(op: str, new: Event | None, old: Event | None = None, **more: Any) -> Event:
    state = new or old or {}
    metadata = {"op": op, "urn": state["urn"], "type": state["type"], "new": new, "old": old, **more}
    return {"resourcePreEvent": {"metadata": metadata}}


def state(parent: str, name: str, kind: str = "kubernetes:core/v1:Secret", /, **inputs: Any) -> Event:
    outer = f"dynamo-wideep:index:{parent.title()}"
    return {
        "type": kind,
        "urn": f"urn:pulumi:dev::dynamo-wideep::{outer}${kind}::{name}",
        "parent": f"urn:pulumi:dev::dynamo-wideep::{outer}::{parent}",
        "custom": True,
        "inputs": inputs,
    }


def read(folder: Path, *events: Event) -> Preview:
    log = folder / "events.jsonl"
    log.write_text("".join(f"{json.dumps(event)}\n" for event in events))
    return read_events(log)


def loaded(stack: str = "prod") -> StackContext:
    return load(stack_file(None, ROOT / f"Pulumi.{stack}.yaml"))


@pytest.fixture(autouse=True)
def without_the_estimator(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in the workflows, also where the extra is installed: a search takes a minute."""
    monkeypatch.setattr(served, "estimator_version", lambda: None)


@pytest.fixture
def with_the_formula(monkeypatch: pytest.MonkeyPatch) -> None:
    """A formula in place of the estimator."""
    monkeypatch.setattr(served, "estimator_version", lambda: "of-the-tests")
    monkeypatch.setattr(forecast, "estimator_version", lambda: "of-the-tests")
    monkeypatch.setattr(forecast, "Answers", FormulaAnswers)


def test_a_resource_that_is_made_is_shown_as_yaml_without_secrets_and_what_is_not_known(tmp_path: Path) -> None:
    made = state("token", "token-secret", data=SECRET, name=UNKNOWN, __provider="gASV")
    preview = read(tmp_path, component("token"), pre("create", made), SUMMARY)
    assert diff_text(preview) == (
        f"+ token/token-secret (Secret)\n    {{data: '[secret]', name: '{KNOWN_LATER}'}}\n\n1 created\n"
    )


def test_a_change_is_shown_flag_by_flag_and_variable_by_variable(tmp_path: Path) -> None:
    def graph(fraction: str, value: str) -> Event:
        return state(
            "graph",
            "graph-graph",
            "kubernetes:nvidia.com/v1alpha1:DynamoGraphDeployment",
            args=["--tp-size", "8", "--mem-fraction-static", fraction],
            env=[{"name": "A", "value": "1"}, {"name": "B", "value": value}],
        )

    preview = read(tmp_path, component("graph"), pre("update", graph("0.7", "3"), graph("0.8", "2")), SUMMARY)
    assert diff_text(preview) == (
        "~ graph/graph-graph (DynamoGraphDeployment)\n"
        "    args.--mem-fraction-static: 0.8 → 0.7\n"
        "    env.B.value: 2 → 3\n\n"
        "1 updated\n"
    )


def test_how_the_wait_knows_of_a_change_is_no_news(tmp_path: Path) -> None:
    """The graph's uid and generation differ on each cluster; what has changed stands at the graph."""
    kind = "pulumi-python:dynamic/dynamo-wideep:GraphReady"
    old = state("graph", "graph-ready", kind, pods={"decode": 1}, revision="u/1", templates={"decode": "a"})
    new = state("graph", "graph-ready", kind, pods={"decode": 2}, revision="u/2", templates={"decode": "b"})
    why = {key: {"diffKind": "update"} for key in ("pods", "revision", "templates.decode")}
    preview = read(tmp_path, pre("update", new, old, detailedDiff=why), SUMMARY)
    assert diff_text(preview) == "~ graph/graph-ready (GraphReady)\n    pods.decode: 1 → 2\n\n1 updated\n"


def test_a_secret_that_changes_is_named_and_not_shown(tmp_path: Path) -> None:
    changed = {"data.HF_TOKEN": {"diffKind": "update"}}
    secret = state("token", "token-secret", data=SECRET)
    preview = read(tmp_path, pre("update", secret, secret, detailedDiff=changed), SUMMARY)
    assert "    data.HF_TOKEN: changed ([secret])\n" in diff_text(preview)


def test_a_replacement_is_one_step_with_its_reason(tmp_path: Path) -> None:
    old, new = (state("cache", "cache-claim", "kubernetes:core/v1:PersistentVolumeClaim", c=c) for c in ("a", "b"))
    why = {"c": {"diffKind": "update-replace"}}
    steps = [pre(op, new, old, detailedDiff=why) for op in ("create-replacement", "replace", "delete-replaced")]
    preview = read(tmp_path, *steps, SUMMARY)
    assert diff_text(preview) == (
        "+- cache/cache-claim (PersistentVolumeClaim)\n"
        "    replaced, because it cannot change in place: c\n"
        "    c: a → b\n\n"
        "1 replaced\n"
    )


def test_helms_options_that_nobody_set_are_no_news(tmp_path: Path) -> None:
    release = state("platform", "crds", "kubernetes:helm.sh/v3:Release", atomic=False, name="dynamo-crds", values={})
    assert "    {name: dynamo-crds}\n" in diff_text(read(tmp_path, pre("create", release), SUMMARY))


def test_the_order_of_events_does_not_matter(tmp_path: Path) -> None:
    names = ("cache", "drain", "graph", "token")
    events = [event for name in names for event in (component(name), pre("create", state(name, f"{name}-x")))]
    events += [{"diagnosticEvent": {"severity": "warning", "message": word}} for word in ("one", "two")]
    first = read(tmp_path, *events, SUMMARY)
    random.Random(1).shuffle(events)  # noqa: S311 - an order, not a secret
    assert read(tmp_path, *events, SUMMARY) == first


def test_a_second_preview_without_changes_is_empty(tmp_path: Path) -> None:
    same = state("token", "token-secret")
    preview = read(tmp_path, component("token"), pre("same", same, same), SUMMARY)
    assert diff_text(preview) == "No change.\n"
    assert not preview.failed


def test_a_log_that_ends_in_the_middle_is_a_failed_preview_with_what_is_known(tmp_path: Path) -> None:
    log = tmp_path / "events.jsonl"
    log.write_text(f"{json.dumps(pre('create', state('token', 'token-secret')))}\n" + '{"resourcePre')
    preview = read_events(log)
    assert counts(preview) == "1 created"
    assert preview.failed


def test_what_is_no_log_is_said_with_its_line(tmp_path: Path) -> None:
    log = tmp_path / "events.jsonl"
    log.write_text("hello\n{}\n")
    with pytest.raises(CallError, match="line 1 is not an event of the engine"):
        read_events(log)
    with pytest.raises(CallError, match="cannot be read"):
        read_events(tmp_path / "nothing")


def test_policies_come_without_their_description_and_only_mandatory_ones_fail(tmp_path: Path) -> None:
    def violation(level: str) -> Event:
        message = "Requests equal limits\ngraph: use the same for both"
        return {"policyEvent": {"policyName": "requests", "enforcementLevel": level, "message": message}}

    advice = read(tmp_path, violation("advisory"), SUMMARY)
    assert not advice.failed
    failed = read(tmp_path, violation("mandatory"), error("preview failed"), SUMMARY)
    assert failed.failed
    assert failed.messages == ()
    text = comment(Review("prod", loaded(), loaded(), preview=failed))
    assert "## ❌ This change fails: stack prod" in text
    assert "- `requests`: `graph: use the same for both`" in text


def error(message: str) -> Event:
    return {"diagnosticEvent": {"severity": "error", "message": f"{message}\n"}}


def test_the_comment_of_a_change_that_changes_nothing_is_three_lines(tmp_path: Path) -> None:
    text = comment(Review("prod", loaded(), loaded(), preview=read(tmp_path, SUMMARY)))
    assert text.splitlines() == [
        "<!-- dynamo-wideep: prod -->",
        "## ✅ No change: stack prod",
        "",
        "**32 GPUs** on 4 nodes · the plan stays as it is · resources: No change",
    ]


def test_a_new_stack_has_no_before_and_shows_all_of_it() -> None:
    text = comment(Review("prod", None, loaded()))
    assert "## ⚠️ No preview: stack prod" in text
    assert "| layout | – | **best-32gpu** |" in text
    assert "| model | – | **`deepseek-ai/DeepSeek-R1`** |" in text


def test_what_drives_the_cost_is_before_and_after(tmp_path: Path) -> None:
    wider = changed_prod(
        tmp_path, ("preset: best-32gpu", "preset: best-64gpu"), ("nodes: 4", "nodes: 8"), ("1Ti", "2Ti")
    )
    shown = comment(Review("prod", loaded(), wider))
    assert "**32 → 64 GPUs** on 4 → 8 nodes" in shown
    assert "| GPUs | 32 × H200 | **64 × H200** |" in shown
    assert "| model cache | 1Ti | **2Ti** |" in shown
    assert "| model |" not in shown


def changed_prod(folder: Path, *changes: tuple[str, str]) -> StackContext:
    file = folder / "Pulumi.prod.yaml"
    text = (ROOT / "Pulumi.prod.yaml").read_text()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    file.write_text(text)
    return load(stack_file(None, file))


@pytest.mark.usefixtures("with_the_formula")
def test_the_comment_says_what_the_change_is_worth(tmp_path: Path) -> None:
    shown = comment(Review("prod", loaded(), changed_prod(tmp_path, ("preset: best-32gpu", "preset: lab-32gpu"))))

    assert "**What it serves**, predicted for 4000 tokens in, 500 out, TTFT within 2s, ITL within 50ms" in shown
    (row,) = [line for line in shown.splitlines() if line.startswith("| of the best for these GPUs |")]
    before, after = (int(cell.strip(" *%")) for cell in row.split("|")[2:4])
    assert 0 < after < before <= 100
    assert "ratios between layouts are more reliable than absolute figures" in shown


@pytest.mark.usefixtures("with_the_formula")
def test_what_a_new_stack_serves_has_no_before_and_without_traffic_nothing_is_predicted(tmp_path: Path) -> None:
    assert "| limited by | – | **" in comment(Review("prod", None, loaded()))
    quiet = changed_prod(tmp_path, ("dynamo-wideep:traffic: {isl: 4000, osl: 500, ttft: 2s, itl: 50ms}", ""))
    assert "What it serves" not in comment(Review("prod", None, quiet))


def test_without_the_estimator_the_comment_has_no_prediction() -> None:
    assert "What it serves" not in comment(Review("prod", None, loaded()))


def test_a_comment_is_never_longer_than_a_forge_takes_and_no_content_ends_its_fence(tmp_path: Path) -> None:
    big = state("graph", "graph-graph", text="```\n" + "x" * 200_000)
    text = comment(Review("prod", loaded(), loaded(), preview=read(tmp_path, pre("create", big), SUMMARY)))
    assert len(text) < LIMIT + 2000
    assert "… cut here" in text
    assert text.count("````") == 2


def test_a_policy_that_many_resources_break_alike_is_one_line() -> None:
    names = ("cache-claim", "download-job", "graph-graph", "token-secret")
    broken = tuple(Violation("namespaces-allowed", True, f"{name}: namespace x is not yours") for name in names)
    other = Violation("no-mutable-tags", True, "graph-graph: the tag latest")
    shown = comment(Review("prod", None, loaded(), preview=Preview(violations=(*broken, other), finished=True)))
    lines = [line for line in shown.splitlines() if line.startswith("- `n")]
    assert lines == [
        "- `namespaces-allowed`: `cache-claim, download-job, graph-graph and 1 more: namespace x is not yours`",
        "- `no-mutable-tags`: `graph-graph: the tag latest`",
    ]


def test_what_could_not_be_checked_is_said() -> None:
    text = comment(Review("prod", loaded(), loaded(), unchecked=("what runs now: no answer",)))
    assert "> Not checked: `what runs now: no answer`" in text


def test_what_the_engine_adds_to_an_error_is_left_out_but_never_the_only_one(tmp_path: Path) -> None:
    bare = error("an unhandled error occurred: program exited with non-zero exit code: 1")
    both = read(tmp_path, error("layout: no such preset"), bare, SUMMARY)
    assert [message.text for message in both.messages] == ["layout: no such preset"]
    alone = read(tmp_path, bare, SUMMARY)
    assert len(alone.messages) == 1
    assert alone.failed
