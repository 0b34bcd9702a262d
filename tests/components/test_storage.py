"""The storage class is looked for before the claim waits for it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.cases import obj, seen
from tests.support.plans import on_release, plan_of
from wideep.errors import Problem
from wideep_cluster import ForbiddenError
from wideep_cluster.dynamo.storage import cache_class_problem, platform_class_problems
from wideep_cluster.objects import StorageClass, Volume

DEFAULT = obj(StorageClass, "fast", meta={"annotations": {"storageclass.kubernetes.io/is-default-class": "true"}})
SHARED = obj(StorageClass, "shared")
BY_HAND = obj(Volume, "disk-1", spec={"storageClassName": "by-hand"})
CLOSED = seen(error=ForbiddenError("list", "storageclasses.storage.k8s.io", "on the cluster"))


def _answer(wanted: str | None, classes: Any, volumes: Any = seen()) -> object:
    cache = {"size": "1Ti"} | ({"storageClass": wanted} if wanted else {})
    return cache_class_problem(plan_of(modelCache=cache).cache, classes, volumes)


@pytest.mark.parametrize(
    ("wanted", "classes", "volumes"),
    [("shared", [DEFAULT, SHARED], []), (None, [DEFAULT], []), ("by-hand", [DEFAULT], [BY_HAND])],
)
def test_a_class_a_default_one_or_a_volume_made_by_hand_is_enough(
    wanted: str | None, classes: list[Any], volumes: list[Any]
) -> None:
    assert _answer(wanted, seen(*classes), seen(*volumes)) is None


@pytest.mark.parametrize(
    ("wanted", "classes", "words"),
    [
        ("no-such", [DEFAULT, SHARED], "it has fast, shared"),
        (None, [SHARED], "no default storage class"),
        ("no-such", [], "install a storage driver first"),
    ],
)
def test_otherwise_the_key_is_named_and_what_there_is(wanted: str | None, classes: list[Any], words: str) -> None:
    text = str(_answer(wanted, seen(*classes)))
    assert words in text
    assert f"modelCache.storageClass: {wanted or 'not set'}" in text


def test_what_may_not_be_listed_cannot_be_told() -> None:
    assert _answer("no-such", CLOSED) is CLOSED.error
    assert _answer("no-such", seen(DEFAULT), CLOSED) is CLOSED.error
    assert _answer("fast", seen(DEFAULT), CLOSED) is None


@pytest.mark.parametrize(
    ("platform", "keys"),
    [
        ({}, {"platform.etcd.storageClass", "platform.nats.storageClass"}),
        ({"etcd": {"storageClass": "shared"}}, {"platform.nats.storageClass"}),
        ({"etcd": {"storageClass": "shared"}, "nats": {"storageClass": "shared"}}, set[str]()),
        ({"etcd": {"persistence": False}, "nats": {"persistence": False}}, set[str]()),
        ({"values": {"etcd": {"persistence": {"storageClass": "shared"}}}}, {"platform.nats.storageClass"}),
        ({"values": {"etcd": {"persistence": {"storageClass": "-"}}}}, {"platform.nats.storageClass"}),
        ({"values": {"global": {"defaultStorageClass": "shared"}}}, {"platform.nats.storageClass"}),
        ({"values": {"nats": {"config": {"jetstream": {"enabled": False}}}}}, {"platform.etcd.storageClass"}),
    ],
)
def test_etcd_and_nats_want_a_class_unless_their_keys_name_one(platform: dict[str, Any], keys: set[str]) -> None:
    answers = platform_class_problems(plan_of(platform=platform).platform, seen(SHARED), seen())
    assert {each.key for each in answers if isinstance(each, Problem)} == keys


@pytest.mark.parametrize(
    ("version", "platform", "keys"),
    [
        ("1.6.1", {}, set[str]()),
        ("1.6.1", {"nats": {"install": True}}, {"platform.nats.storageClass"}),
        ("1.0.2", {}, {"platform.nats.storageClass"}),
        ("0.9.1", {}, {"platform.etcd.storageClass", "platform.nats.storageClass"}),
    ],
)
def test_a_release_without_etcd_or_nats_wants_no_class_for_it(
    version: str, platform: dict[str, Any], keys: set[str]
) -> None:
    answers = platform_class_problems(plan_of(**on_release(version, **platform)).platform, seen(SHARED), seen())
    assert {each.key for each in answers if isinstance(each, Problem)} == keys
