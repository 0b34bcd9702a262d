"""The commands as somebody who may only look: with what `wideep rbac` prints, with less, and with nothing."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from sim.env import environment
from tests.sim.graph import NAMESPACE
from tests.sim.pulumi import Pulumi
from tests.support.process import Said
from tests.support.wideep import Wideep

pytestmark = pytest.mark.cluster

NAME = "looker"
LONGEST = 30
"""Seconds until the API server knows of a changed role."""
VERBS = {
    "status": ("status",),
    "logs": ("logs", "--tail", "5"),
    "doctor": ("doctor", "--offline"),
    "smoke": ("smoke", "--timeout", "60"),
    "eplb": ("eplb",),
    "gpus": ("gpus",),
    "network": ("network",),
}


@dataclass(frozen=True)
class Looker:
    """A service account of the graph's namespace."""

    stack: Pulumi
    wideep: Wideep
    roles: list[dict[str, Any]]
    """As `wideep rbac` prints them."""

    def may_all_but(self, *resources: str) -> None:
        """Gives it the printed roles without these resources (`pods/log`), and waits until that holds."""
        left = json.loads(json.dumps(self.roles))
        for rule in (rule for role in left for rule in role.get("rules", [])):
            rule["resources"] = [each for each in rule["resources"] if each not in resources]
            rule["verbs"] = rule["verbs"] if rule["resources"] else []
        self._apply([_without_empty_rules(role) for role in left])
        self._wait({each for each in self._printed() if each.partition(".")[0] not in resources})

    def may_nothing(self) -> None:
        self.forget()
        self._wait(set())

    def forget(self) -> None:
        for role in self.roles:
            name = f"{role['kind']}/{role['metadata']['name']}".lower()
            self.stack.kubectl("-n", NAMESPACE, "delete", "--ignore-not-found", name)

    def __call__(self, verb: str, *options: str) -> Said:
        said = self.wideep(*VERBS[verb], *options)
        assert "Traceback" not in said.out + said.err
        assert "Internal error in wideep" not in said.err
        return said

    def _apply(self, manifests: list[dict[str, Any]]) -> None:
        file = self.wideep.folder / "roles.json"
        file.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": manifests}))
        self.stack.kubectl("apply", "-f", str(file))

    def _printed(self) -> set[str]:
        """The resources of the printed roles, with their groups: ``deployments.apps``."""
        rules = [rule for role in self.roles for rule in role.get("rules", [])]
        return {".".join(filter(None, [each, rule["apiGroups"][0]])) for rule in rules for each in rule["resources"]}

    def _wait(self, resources: set[str]) -> None:
        user = f"system:serviceaccount:{NAMESPACE}:{NAME}"
        end = time.monotonic() + LONGEST
        while (may := self._listed(user)) != resources:
            assert time.monotonic() < end, may ^ resources
            time.sleep(0.1)

    def _listed(self, user: str) -> set[str]:
        """Of the printed resources, those that the API server lets it see."""
        said = self.stack.kubectl("auth", "can-i", "--list", "--as", user, "-n", NAMESPACE)
        return {line.split()[0] for line in said.splitlines() if line.strip()} & self._printed()


def _without_empty_rules(role: dict[str, Any]) -> dict[str, Any]:
    return role | {"rules": [rule for rule in role["rules"] if rule["verbs"]]} if "rules" in role else role


@pytest.fixture(scope="module")
def looker(stack: Pulumi) -> Iterator[Looker]:
    stack.kubectl("-n", NAMESPACE, "create", "serviceaccount", NAME)
    token = stack.kubectl("-n", NAMESPACE, "create", "token", NAME).strip()
    config = yaml.safe_load(Path(environment(stack.cluster)["KUBECONFIG"]).read_text())
    config["users"] = [{"name": user["name"], "user": {"token": token}} for user in config["users"]]
    kubeconfig = stack.folder / "looker.yaml"
    kubeconfig.write_text(yaml.safe_dump(config))
    roles = Wideep(stack.cluster, stack.folder, stack.stack)("rbac", "--exec", "--service-account", NAME, "-o", "json")
    found = Looker(
        stack, Wideep(stack.cluster, stack.folder, stack.stack, kubeconfig=str(kubeconfig)), roles.json["items"]
    )
    yield found
    found.forget()


@pytest.fixture(scope="module")
def with_all(looker: Looker) -> Looker:
    """Everything that is printed."""
    looker.may_all_but()
    return looker


@pytest.mark.parametrize("verb", VERBS)
def test_what_is_printed_is_enough(with_all: Looker, verb: str) -> None:
    said = with_all(verb)

    assert said.code == 0, said.err
    assert "may not" not in said.err
    assert "may not" not in said.out.replace("This user may not list secrets in namespace dynamo-workshop", "")


def test_of_all_that_the_doctor_looks_at_only_helms_records_are_hidden(with_all: Looker) -> None:
    """They are Secrets, and the token is one too."""

    def unknown(wideep: Wideep) -> set[str]:
        findings = wideep(*VERBS["doctor"], "-o", "json").json["findings"]
        return {each["check"] for each in findings if each["verdict"] == "could not be told"}

    ours = unknown(Wideep(with_all.stack.cluster, with_all.stack.folder, with_all.stack.stack))

    assert unknown(with_all.wideep) - ours == {"release"}


LESS = {
    "pods": (
        "This user may not list pods in namespace dynamo-workshop",
        {"status": 1, "logs": 1, "doctor": 0, "smoke": 1, "eplb": 1, "gpus": 1, "network": 1},
    ),
    "pods/log": (
        "This user may not get pods/log in namespace dynamo-workshop",
        {"logs": 1, "eplb": 1, "network": 1},
    ),
    "pods/exec": (
        "This user may not get pods/exec in namespace dynamo-workshop",
        {"eplb": 0, "gpus": 1, "network": 1},
    ),
    "pods/portforward": (
        "This user may not get pods/portforward in namespace dynamo-workshop",
        {"status": 0, "smoke": 1, "doctor": 0},
    ),
    "events": ("This user may not list events in namespace dynamo-workshop", {"status": 0, "doctor": 0}),
    "services": (
        "This user may not get services in namespace dynamo-workshop",
        {"status": 0, "smoke": 1},
    ),
    "deployments": ("This user may not list deployments.apps", {"status": 0, "doctor": 0}),
    "dynamographdeployments": (
        "dynamographdeployments.nvidia.com in namespace dynamo-workshop",
        {"status": 0, "doctor": 0},
    ),
    "nodes": ("This user may not list nodes on the cluster", {"doctor": 0}),
}
"""Of each resource that the role lacks: what is said, by which commands, and with which exit code they end."""


@pytest.mark.parametrize("resource", LESS)
def test_with_less_each_command_says_which_right_lacks(looker: Looker, resource: str) -> None:
    words, verbs = LESS[resource]
    looker.may_all_but(resource)

    for verb, code in verbs.items():
        said = looker(verb)
        text = " ".join((said.out + said.err).split())
        assert (said.code, words in text) == (code, True), f"{verb}: {said.out}{said.err}"
        assert "prints the Role" in text


def test_a_log_that_may_not_be_read_is_not_followed(looker: Looker) -> None:
    looker.may_all_but("pods/log")

    said = looker("logs", "--follow", "--role", "decode")

    assert (said.code, said.out) == (1, "")
    assert said.err == "This user may not get pods/log in namespace dynamo-workshop (`wideep rbac` prints the Role).\n"


def test_with_nothing_each_command_says_so_in_a_sentence(looker: Looker) -> None:
    looker.may_nothing()

    for verb in VERBS:
        said = looker(verb, "-o", "json")
        assert "This user may not" in said.out, verb
        assert verb == "doctor" or said.json["problems"][0]["rule"].startswith("This user may not "), verb
        assert said.code == (0 if verb == "doctor" else 1), verb
