"""The image: built and pushed, resolved, or taken as it is written."""

from components.image import Image, ImageArgs
from components.registry import RegistryLogin
from tests.support.engine import DIGEST, UNKNOWN, Engine, Secret, run
from tests.support.plans import plan_of
from wideep.plan import ImageSource


def _deployed(plan: ImageSource, *, preview: bool = False) -> tuple[Engine, object]:
    seen: list[object] = []
    engine = run(lambda: Image("image", ImageArgs(plan)).reference.apply(seen.append), preview=preview)
    return engine, seen[0] if seen else UNKNOWN


def _existing(reference: str, *, resolve: bool = False) -> ImageSource:
    return plan_of(image={"source": "existing", "reference": reference, "resolveDigest": resolve}).image_source


def test_the_image_is_built_from_dynamos_repository_at_its_tag_and_pushed() -> None:
    engine, _ = _deployed(plan_of().image_source)
    inputs = engine.of_type(":Image").inputs
    assert inputs["context"] == {"location": "https://github.com/ai-dynamo/dynamo.git#v0.6.0"}
    assert inputs["dockerfile"]["location"].endswith("/v0.6.0/container/Dockerfile.sglang-wideep")
    assert inputs["buildArgs"]["BRANCH_TYPE"] == "local"
    assert inputs["tags"] == ["registry.sim/dynamo-wideep:0.6.0"]
    assert inputs["platforms"] == ["linux/amd64"]
    assert inputs["push"] is True


def test_the_dockerfile_is_not_looked_for_on_this_machine() -> None:
    """pulumi-docker-build opens every location that is no URL, also where the context is a repository."""
    engine, _ = _deployed(plan_of().image_source)
    assert engine.of_type(":Image").inputs["dockerfile"]["location"].startswith("https://")


def test_a_preview_builds_nothing_and_does_not_know_the_digest() -> None:
    engine, reference = _deployed(plan_of().image_source, preview=True)
    assert engine.of_type(":Image").inputs["buildOnPreview"] is False
    assert reference == UNKNOWN


def test_pods_get_the_digest_that_was_pushed() -> None:
    _, reference = _deployed(plan_of().image_source)
    assert reference == f"registry.sim/dynamo-wideep@{DIGEST}"


def test_a_registrys_port_stays_in_the_reference() -> None:
    image = {"source": "build", "repository": "registry.example.com:5000/team/dynamo", "tag": "1"}
    _, reference = _deployed(plan_of(image=image).image_source)
    assert reference == f"registry.example.com:5000/team/dynamo@{DIGEST}"


def test_builder_and_caches_are_handed_on() -> None:
    cache = "type=registry,ref=registry.example.com/cache"
    image = {"source": "build", "repository": "r.example.com/d", "tag": "1", "builder": "big", "cacheFrom": [cache]}
    engine, _ = _deployed(plan_of(image=image).image_source)
    inputs = engine.of_type(":Image").inputs
    assert (inputs["builder"], inputs["cacheFrom"]) == ({"name": "big"}, [{"raw": cache}])


def test_the_image_stays_in_the_registry_when_the_stack_goes() -> None:
    engine, _ = _deployed(plan_of().image_source)
    assert engine.of_type(":Image").retain


def test_an_existing_image_is_taken_as_it_is_written() -> None:
    engine, reference = _deployed(_existing(f"r.example.com/d@{DIGEST}"), preview=True)
    assert reference == f"r.example.com/d@{DIGEST}"
    assert engine.types() == {}
    assert engine.calls == []


def test_an_existing_tag_is_resolved_to_its_digest_where_that_is_asked_for() -> None:
    engine, reference = _deployed(_existing("r.example.com:5000/d:0.6.0", resolve=True), preview=True)
    assert reference == f"r.example.com:5000/d@{DIGEST}"
    (call,) = engine.calls
    assert call == ("docker:index/getRegistryImage:getRegistryImage", {"name": "r.example.com:5000/d:0.6.0"})


def test_a_private_registry_is_asked_for_the_digest_with_the_login() -> None:
    image = {"source": "existing", "reference": "r.example.com/d:1", "resolveDigest": True}
    plan = plan_of(image=image | {"registry": {"username": "robot", "password": "SyntheticPassword"}}).image_source
    assert plan.registry is not None
    login = RegistryLogin(plan.registry, "SyntheticPassword")
    engine = run(lambda: Image("image", ImageArgs(plan, login)))
    provider = engine.resources["image-registry"]
    assert provider.type == "pulumi:providers:docker"
    assert "SyntheticPassword" not in str(engine.log)
    assert isinstance(provider.inputs["registryAuth"], Secret)
    assert [name for name, _ in engine.calls] == ["docker:index/getRegistryImage:getRegistryImage"]
