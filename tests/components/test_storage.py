"""The storage class is looked for before the claim waits for it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pulumi
import pytest
from kubernetes.client import ApiException

from components.preflight.storage import check_storage
from tests.support.plans import plan_of
from wideep_cluster.kube import KubeNamespace

PLACE = KubeNamespace(SimpleNamespace(), "ns")  # type: ignore[arg-type]


def _named(name: str, **annotations: str) -> Any:
    return SimpleNamespace(metadata=SimpleNamespace(name=name, annotations=annotations))


def _volume(storage_class: str) -> Any:
    return SimpleNamespace(spec=SimpleNamespace(storage_class_name=storage_class))


def _cluster(monkeypatch: pytest.MonkeyPatch, classes: list[Any], volumes: list[Any]) -> None:
    def listing(items: list[Any]) -> Any:
        return lambda _self: SimpleNamespace(items=items)

    monkeypatch.setattr("kubernetes.client.StorageV1Api.list_storage_class", listing(classes))
    monkeypatch.setattr("kubernetes.client.CoreV1Api.list_persistent_volume", listing(volumes))


def _check(storage_class: str | None) -> None:
    cache = {"size": "1Ti"} | ({"storageClass": storage_class} if storage_class else {})
    check_storage(PLACE, plan_of(modelCache=cache).cache)


DEFAULT = _named("fast", **{"storageclass.kubernetes.io/is-default-class": "true"})


@pytest.mark.parametrize(
    ("wanted", "classes", "volumes"),
    [
        ("shared", [DEFAULT, _named("shared")], []),
        (None, [DEFAULT], []),
        ("by-hand", [DEFAULT], [_volume("by-hand")]),
    ],
)
def test_a_class_a_default_one_or_a_volume_made_by_hand_is_enough(
    monkeypatch: pytest.MonkeyPatch, wanted: str | None, classes: list[Any], volumes: list[Any]
) -> None:
    _cluster(monkeypatch, classes, volumes)
    _check(wanted)


@pytest.mark.parametrize(
    ("wanted", "classes", "words"),
    [
        ("no-such", [DEFAULT, _named("shared")], "it has fast, shared"),
        (None, [_named("shared")], "no default one"),
        ("no-such", [], "install a storage driver first"),
    ],
)
def test_otherwise_the_key_is_named_and_what_there_is(
    monkeypatch: pytest.MonkeyPatch, wanted: str | None, classes: list[Any], words: str
) -> None:
    _cluster(monkeypatch, classes, [])
    with pytest.raises(pulumi.RunError, match=words) as error:
        _check(wanted)
    assert f"modelCache.storageClass: {wanted or 'not set'}" in str(error.value)


def test_who_may_not_list_them_is_not_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(_self: object) -> None:
        raise ApiException(status=403)

    monkeypatch.setattr("kubernetes.client.StorageV1Api.list_storage_class", forbidden)
    _check("no-such")
