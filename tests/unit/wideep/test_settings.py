"""What bad input gets: the key, the value, the rule, what to write; all mistakes at once, and never a secret."""

import datetime

import pytest

from tests.support.configs import hardware, stack
from wideep.errors import ConfigError, Problem
from wideep.rules import accept, check
from wideep.settings import Settings, parse
from wideep.settings.layout import MoeA2aBackend
from wideep.settings.quantity import quantity_bytes

TOKEN = "hf_" + "SyntheticForThisTest"


def mistakes(**changed: object) -> dict[str, Problem]:
    """The mistakes of a stack, by key."""
    with pytest.raises(ConfigError) as error:
        accept(stack(**changed))
    assert TOKEN not in str(error.value)
    return {problem.key: problem for problem in error.value.problems}


def test_a_good_stack_is_read() -> None:
    settings = parse(stack())
    assert (settings.namespace, settings.hardware.gpus, settings.layout.decode.dp) == ("dynamo-workshop", 512, 8)


def test_objects_may_be_the_json_that_pulumi_hands_to_a_program() -> None:
    as_json = '{"gpu": "H200", "nodes": 64, "gpusPerNode": 8, "interconnect": "infiniband"}'
    assert parse(stack(hardware=as_json)) == parse(stack())


def test_settings_are_the_same_after_a_trip_through_json() -> None:
    settings = parse(stack(layout="wide-104gpu"))
    assert Settings.model_validate_json(settings.model_dump_json(by_alias=True)) == settings


def test_an_empty_stack_is_told_everything_that_it_needs() -> None:
    with pytest.raises(ConfigError) as error:
        parse({})
    keys = [problem.key for problem in error.value.problems]
    assert keys == ["namespace", "model", "hardware", "layout", "modelCache", "hfToken"]
    assert "The stack config has 6 mistakes:" in str(error.value)
    assert "for example layout: lab-16gpu-singlenode" in str(error.value)


@pytest.mark.parametrize(
    ("changed", "key", "value", "fix"),
    [
        (
            {"model": "deepseek-ai/Deepseek-r1"},
            "model",
            "deepseek-ai/Deepseek-r1",
            "did you mean deepseek-ai/DeepSeek-R1",
        ),
        ({"layout": "wide-16gpu"}, "layout", "wide-16gpu", "did you mean wide-64gpu"),
        ({"layout": {"preset": "lab-8"}}, "layout.preset", "lab-8", "did you mean lab-8gpu"),
        ({"layoutt": "lab-8gpu"}, "layoutt", "", "did you mean layout?"),
        ({"hardware": {**hardware(), "gpu": "H20O"}}, "hardware.gpu", "H20O", "set gpu: H200"),
        ({"hardware": {**hardware(), "nodes": "8"}}, "hardware.nodes", "8", "remove the quotes"),
        ({"hardware": {**hardware(), "nodes": 0}}, "hardware.nodes", "0", "at least 1"),
        ({"hardware": {**hardware(), "nodes": 2.5}}, "hardware.nodes", "2.5", "a whole number"),
        ({"hardware": {**hardware(), "gpus_per_node": 8}}, "hardware.gpus_per_node", "", "did you mean gpusPerNode?"),
        ({"hardware": "H200"}, "hardware", "H200", "an object"),
        ({"layout": {"preset": "wide-32gpu", "decode": {"tpp": 8}}}, "layout.decode.tpp", "", "did you mean tp"),
        ({"layout": {"preset": "wide-32gpu", "decode": 8}}, "layout.decode", "8", "an object"),
        ({"layout": {"decode": {}}}, "layout.preset", "", "layout.preset NAME"),
        (
            {"layout": {"preset": "wide-32gpu", "decode": {"memFractionStatic": 1.5}}},
            "layout.decode.memFractionStatic",
            "1.5",
            "less than 1",
        ),
        (
            {"layout": {"preset": "wide-32gpu", "decode": {"eplb": {"enabled": "yes"}}}},
            "layout.decode.eplb.enabled",
            "yes",
            "true or false",
        ),
        (
            {"layout": {"preset": "wide-32gpu", "decode": {"moeDenseTp": 4}}},
            "layout.decode.moeDenseTp",
            "4",
            "at most 1",
        ),
        ({"image": {"source": "buidl"}}, "image.source", "buidl", "did you mean build?"),
        ({"image": {"source": "build", "tag": "1"}}, "image.repository", "", "set it"),
        ({"image": {"reference": "a"}}, "image.source", "", "set build or existing"),
        ({"modelCache": {"size": "lots"}}, "modelCache.size", "lots", "A Kubernetes quantity"),
        ({"modelCache": {"size": "1Ti", "accessMode": "RWX"}}, "modelCache.accessMode", "RWX", "one of ReadWriteMany"),
        ({"namespace": "Dynamo"}, "namespace", "Dynamo", "lower-case letters"),
        ({"name": "-x"}, "name", "-x", "lower-case letters"),
        ({"frontend": {"replicas": 65}}, "frontend.replicas", "65", "at most 64"),
        ({"frontend": {"routerMode": "KV"}}, "frontend.routerMode", "KV", "did you mean kv?"),
        ({"platform": {"values": []}}, "platform.values", "[]", "an object"),
        ({"modelCache": {"size": "500GB"}}, "modelCache.size", "500GB", "did you mean 500G?"),
        ({"namespace": "My_NS"}, "namespace", "My_NS", "did you mean my-ns?"),
        ({"platform": {"version": "v1.6.1"}}, "platform.version", "v1.6.1", "did you mean 1.6.1?"),
        ({"monitoring": True}, "monitoring", "true", "set monitoring: {enabled: true}"),
        ({"hardware": True}, "hardware", "true", "set an object"),
        (
            {"layout": {"preset": "wide-32gpu", "decode": {"memFractionStatic": 85}}},
            "layout.decode.memFractionStatic",
            "85",
            "did you mean 0.85?",
        ),
        (
            {"layout": {"preset": "wide-32gpu", "decode": {"memFractionStatic": "90%"}}},
            "layout.decode.memFractionStatic",
            "90%",
            "set 0.9",
        ),
        (
            {"layout": {"preset": "wide-32gpu", "decode": {"extraArgs": "--page-size 1"}}},
            "layout.decode.extraArgs",
            "--page-size 1",
            'set a list: ["--page-size", "1"]',
        ),
        ({"monitoring": {"enabled": 1}}, "monitoring.enabled", "1", "true or false"),
    ],
)
def test_a_mistake_is_told_by_key_value_and_what_to_write(
    changed: dict[str, object], key: str, value: str, fix: str
) -> None:
    problem = mistakes(**changed)[key]
    assert problem.value == value
    assert fix in problem.fix


@pytest.mark.parametrize("key", sorted(stack()))
def test_a_typo_in_any_key_is_answered_with_that_key(key: str) -> None:
    typo = key[:-1] + key[-1] * 2
    config = stack()
    config[typo] = config.pop(key)
    with pytest.raises(ConfigError) as error:
        parse(config)
    assert f"did you mean {key}" in next(problem.fix for problem in error.value.problems if problem.key == typo)


def test_mistakes_of_form_and_broken_rules_are_told_at_once() -> None:
    found = mistakes(model=None, layout="wide-32gpu", hardware=hardware(nodes=2), hfToken=None, frontent={})
    assert set(found) == {"model", "hfToken", "frontent", "hardware.nodes"}
    assert found["hardware.nodes"].fix.startswith("set nodes: 4")


def test_rules_of_the_layout_are_asked_although_another_key_is_wrong() -> None:
    layout = {"preset": "wide-32gpu", "decode": {"redundantExperts": 17}}
    assert set(mistakes(namespace="NO", layout=layout)) == {"namespace", "layout.decode.redundantExperts"}


@pytest.mark.parametrize(
    ("missing", "also"),
    [
        ("hardware", set()),
        ("layout", set()),
        ("model", {"hardware.nodes"}),
        ("modelCache", {"hardware.nodes", "layout.decode.redundantExperts", "name"}),
    ],
)
def test_what_rules_have_to_say_is_said_of_keys_that_can_be_read(missing: str, also: set[str]) -> None:
    layout = {"preset": "wide-32gpu", "decode": {"redundantExperts": 17}}
    given = {"layout": layout, "hardware": hardware(nodes=2), "name": "a" * 28, missing: None}
    assert set(mistakes(**given)) == {missing, *also}


@pytest.mark.parametrize("key", ["hardware", "layout", "model"])
def test_a_misspelt_key_is_not_taken_for_another_stack(key: str) -> None:
    config = stack(layout="wide-32gpu", hardware=hardware("A100-80", nodes=2))
    config[f"{key}s"] = config.pop(key)
    with pytest.raises(ConfigError) as error:
        accept(config)
    assert {problem.key for problem in error.value.problems} - {key} == (
        {f"{key}s", "hardware.nodes"} if key == "model" else {f"{key}s"}
    )


def test_a_models_config_is_read_by_who_can_read_files() -> None:
    def missing(path: str) -> str:
        raise FileNotFoundError(2, "No such file or directory", path)

    with pytest.raises(ConfigError, match=r"model\.config: nowhere\.json\n.*No such file"):
        accept(stack(model={"config": "nowhere.json"}), missing)


def test_a_download_without_a_token_is_not_one_with_a_secret() -> None:
    assert check(parse(stack(hfToken=None, modelCache={"size": "2Ti", "anonymous": True}))) == []


def test_a_key_that_is_wrong_in_one_place_is_not_judged_in_another() -> None:
    wrong = {"version": "0.5", "etcd": {"replicas": 2}}
    assert set(mistakes(platform=wrong, namespace="ephemeral-7")) == {"platform.version", "namespace"}


def test_a_stack_without_a_token_is_told_the_command_that_sets_one() -> None:
    assert "pulumi config set --secret hfToken hf_…" in mistakes(hfToken=None)["hfToken"].fix


def test_an_existing_secret_stands_in_for_the_token() -> None:
    settings = parse(stack(hfToken=None, hfTokenSecret="hub"))
    assert (settings.hf_token, settings.hf_token_secret) == (None, "hub")


def test_a_token_and_an_existing_secret_contradict_each_other() -> None:
    assert "only one of the two" in mistakes(hfTokenSecret="hub")["hfToken"].rule


@pytest.mark.parametrize("token", [{"secure": "v1:abc"}, TOKEN, "[secret]"])
def test_a_token_is_set_or_not_and_its_value_stays_out_of_settings(token: object) -> None:
    settings = parse(stack(hfToken=token))
    assert settings.hf_token == "[secret]"
    assert TOKEN not in settings.model_dump_json()
    assert TOKEN not in repr(settings)


@pytest.mark.parametrize("token", ["SyntheticForThisTest", "hf_ blank", "", 7, {"value": "hf_x"}, ["hf_x"]])
def test_what_is_no_token_is_refused_without_showing_it(token: object) -> None:
    problem = mistakes(hfToken=token)["hfToken"]
    assert problem.value == "[secret]"
    assert "Synthetic" not in str(problem)


@pytest.mark.parametrize(
    "changed",
    [
        {"model": TOKEN},
        {"hfTokn": TOKEN},
        {"namespace": f"x {TOKEN}"},
        {"hardware": {**hardware(), "gpu": TOKEN}},
        {"layout": {"preset": TOKEN}},
        {"image": {"source": TOKEN}},
        {"modelCache": {"size": {"secure": TOKEN}}},
    ],
)
def test_a_token_in_the_wrong_place_is_not_shown_either(changed: dict[str, object]) -> None:
    mistakes(**changed)


@pytest.mark.parametrize(
    ("changed", "asks"),
    [
        ({"modelCache": {"size": "2Ti", "anonymous": True}}, False),
        ({"modelCache": {"size": "2Ti", "download": False}}, False),
        ({"modelCache": {"size": "2Ti", "anonymous": False}}, True),
        ({"modelCache": {"size": "2Ti", "anonymous": "yes"}}, True),
    ],
)
def test_a_token_is_asked_for_unless_nothing_is_downloaded_or_nobody_needs_to_log_in(
    changed: dict[str, object], asks: bool
) -> None:
    if asks:
        assert "modelCache.anonymous: true" in mistakes(hfToken=None, **changed)["hfToken"].fix
    else:
        assert parse(stack(hfToken=None, **changed)).hf_token is None


def test_a_token_for_an_anonymous_download_is_a_contradiction() -> None:
    cache = {"size": "2Ti", "anonymous": True}
    assert "hfToken is set too" in mistakes(modelCache=cache)["modelCache.anonymous"].rule
    assert "hfTokenSecret" in mistakes(modelCache=cache, hfToken=None, hfTokenSecret="hub")["modelCache.anonymous"].rule


def image(**registry: object) -> dict[str, object]:
    """An image on a private registry."""
    return {"source": "existing", "reference": "registry.example.com/dynamo-wideep:0.6.0", "registry": registry}


@pytest.mark.parametrize("password", ["hunter2", {"secure": "v1:abc"}, 7])
def test_a_registrys_password_is_set_or_not_and_its_value_stays_out_of_settings(password: object) -> None:
    settings = parse(stack(image=image(username="robot", password=password)))
    assert settings.image.registry is not None
    assert (settings.image.registry.username, settings.image.registry.password) == ("robot", "[secret]")
    assert "hunter2" not in repr(settings) + settings.model_dump_json()


@pytest.mark.parametrize(
    ("registry", "key"),
    [
        ({"username": "robot", "pasword": "hunter2"}, "image.registry.pasword"),
        ({"username": "two words", "password": "hunter2"}, "image.registry.username"),
        ({"username": "robot"}, "image.registry.password"),
        ({"username": "robot", "password": "hunter2", "server": "https://r.example.com"}, "image.registry.server"),
        ("robot:hunter2", "image.registry"),
        ({"username": "robot", "password": "hunter2", "server": "other.example.com"}, "image.registry.server"),
    ],
)
def test_a_mistake_in_a_registrys_credentials_does_not_show_the_password(registry: object, key: str) -> None:
    found = mistakes(image=image() | {"registry": registry})
    assert key in found
    assert "hunter2" not in "".join(str(problem) for problem in found.values())


@pytest.mark.parametrize("server", [None, "docker.io", "index.docker.io"])
def test_docker_hub_goes_by_several_names(server: str | None) -> None:
    hub = {"source": "existing", "reference": "me/dynamo:1", "registry": {"username": "me", "password": "x"}}
    hub["registry"] = {"username": "me", "password": "x", **({"server": server} if server else {})}
    assert accept(stack(image=hub)).image.registry is not None


def test_a_date_where_a_tag_is_meant_is_read_as_it_was_written() -> None:
    image = {"source": "build", "repository": "r.example.com/x", "tag": datetime.date(2026, 11, 24)}
    assert parse(stack(image=image)).image.model_dump()["tag"] == "2026-11-24"


def test_config_keys_are_those_of_the_interface() -> None:
    decode = parse(stack(layout="wide-32gpu")).layout.decode
    written = decode.model_dump(by_alias=True, mode="json")
    assert decode.moe_a2a_backend is MoeA2aBackend.DEEPEP
    assert {"gpusPerNode", "redundantExperts", "moeA2aBackend", "deepepMode", "memFractionStatic", "extraArgs"} <= set(
        written
    )


@pytest.mark.parametrize(
    ("quantity", "size"),
    [("1Ti", 2**40), ("800Gi", 800 * 2**30), ("700G", 700 * 10**9), ("1.5k", 1500), ("12", 12), ("1E", 10**18)],
)
def test_a_quantity_has_binary_and_decimal_units(quantity: str, size: int) -> None:
    assert quantity_bytes(quantity) == size


@pytest.mark.parametrize("quantity", ["", "Gi", "-1Gi", "1 Ti", "1TB", "1e3x"])
def test_what_is_no_quantity_is_said_to_be_none(quantity: str) -> None:
    with pytest.raises(ValueError, match="not a Kubernetes quantity"):
        quantity_bytes(quantity)


@pytest.mark.parametrize("left", [{"decode": {"replicas": 2}}, {"prefill": {"eplb": {"enabled": True}}}])
def test_a_preset_that_one_key_has_replaced_is_told_once_with_the_command_that_brings_it_back(
    left: dict[str, object],
) -> None:
    found = mistakes(layout=left)
    assert list(found) == ["layout.preset"]
    assert "`pulumi config set --path layout.…` replaces a plain name" in found["layout.preset"].rule
    assert "pulumi config set --path layout.preset NAME" in found["layout.preset"].fix
    assert parse(stack(layout={"preset": "lab-32gpu", **left})).layout.preset == "lab-32gpu"


def test_the_name_of_a_model_that_one_key_has_replaced_is_told_likewise() -> None:
    found = mistakes(model={"revision": "0" * 40})
    assert list(found) == ["model"]
    assert "pulumi config set model NAME" in found["model"].fix
    assert "deepseek-ai/DeepSeek-R1" in found["model"].fix


def test_a_misspelt_role_or_a_role_that_is_nearly_whole_gets_its_own_message() -> None:
    found = mistakes(layout={"prefil": {"replicas": 1}, "decode": {"replicas": 1}})
    assert "layout.preset" not in found
    assert "layout.prefil" in found
    whole = parse(stack(layout="lab-32gpu")).layout.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    del whole["preset"], whole["decode"]["tp"]
    assert list(mistakes(layout=whole)) == ["layout.decode.tp"]
