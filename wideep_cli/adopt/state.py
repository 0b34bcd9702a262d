"""Entries of an import file with the state of each resource, as if the stack had created what exists now.

Without a state, `pulumi import` asks the provider, which cannot tell which fields of an object a user has written. For
a custom resource pulumi-kubernetes then imports only the name, for a Job also everything that the cluster has filled
in, and the next preview would change both. Here the inputs are the program's with the cluster's values, so that a
preview shows exactly where the two differ.
"""

from __future__ import annotations

import json
import secrets
from typing import cast

from wideep.resource_names import OWN_ANNOTATIONS
from wideep_cli.adopt.live import Json
from wideep_cli.adopt.preview import Wanted
from wideep_cli.secret_mark import SECRET

__all__ = ["lacking_notes", "object_entry", "release_entry", "wait_entry"]


def object_entry(wanted: Wanted, live: Json) -> Json:
    """Return the entry of a Kubernetes object."""
    metadata: Json = live["metadata"]
    noted = {**live, "metadata": {**metadata, **_annotations(metadata, lacking_notes(wanted, live))}}
    inputs = cast("Json", _as_asked(noted, wanted.inputs))
    namespace: str = metadata.get("namespace", "")
    return {
        **wanted.entry,
        "id": f"{namespace}/{metadata['name']}" if namespace else metadata["name"],
        "inputs": inputs,
        "outputs": {
            **noted,
            "__inputs": inputs,
            "__initialApiVersion": live["apiVersion"],
            "__fieldManager": f"pulumi-kubernetes-{secrets.token_hex(4)}",
        },
    }


def lacking_notes(wanted: Wanted, live: Json) -> dict[str, str]:
    """Return the stack's own annotations that the object lacks, or has with another value."""
    asked: dict[str, str] = wanted.inputs["metadata"].get("annotations") or {}
    there: dict[str, str] = live["metadata"].get("annotations") or {}
    return {key: value for key, value in asked.items() if key.startswith(OWN_ANNOTATIONS) and there.get(key) != value}


def release_entry(wanted: Wanted, record: Json) -> Json:
    """Return the entry of a Helm release, with the release's own values and chart version. The provider panics if the
    inputs that it stores are not a secret."""
    chart: Json = record["chart"]["metadata"]
    inputs: Json = {**wanted.inputs, "values": record.get("config") or {}, "version": chart["version"]}
    status: Json = {
        "appVersion": chart.get("appVersion", ""),
        "chart": chart["name"],
        "name": record["name"],
        "namespace": record["namespace"],
        "revision": record["version"],
        "status": record["info"]["status"],
        "version": chart["version"],
    }
    outputs = {**inputs, "__inputs": {**SECRET, "plaintext": json.dumps(inputs)}, "status": status}
    return {**wanted.entry, "id": f"{record['namespace']}/{record['name']}", "inputs": inputs, "outputs": outputs}


def wait_entry(wanted: Wanted, graph: Json) -> Json:
    """Return the entry of a resource without an object on the cluster: it records the graph's present generation."""
    metadata: Json = graph["metadata"]
    inputs = dict(wanted.inputs)
    if "revision" in inputs:
        inputs["revision"] = f"{metadata['uid']}/{metadata['generation']}"
    return {**wanted.entry, "id": f"{metadata['namespace']}/{metadata['name']}", "inputs": inputs, "outputs": inputs}


def _annotations(metadata: Json, more: dict[str, str]) -> Json:
    return {"annotations": {**(metadata.get("annotations") or {}), **more}} if more else {}


def _as_asked(live: object, asked: object) -> object:
    """Return the parts of ``live`` that ``asked`` has, too; a list of a different length is returned whole."""
    match live, asked:
        case dict(), dict():
            there, keys = cast("Json", live), cast("Json", asked)
            return {key: _as_asked(there[key], like) for key, like in keys.items() if key in there}
        case list(), list():
            ones, likes = cast("list[object]", live), cast("list[object]", asked)
            same = len(ones) == len(likes)
            return [_as_asked(*pair) for pair in zip(ones, likes, strict=True)] if same else ones
        case _:
            return live
