"""Parsing of a manifest into the typed graph of its API version."""

from __future__ import annotations

from typing import Final

from wideep.graph import dgd, v1beta1
from wideep.graph.base import Graph, Manifest

__all__ = ["parse_graph"]

KINDS: Final[dict[object, type[dgd.DynamoGraphDeployment] | type[v1beta1.DynamoGraphDeployment]]] = {
    model.model_fields["api_version"].default: model
    for model in (dgd.DynamoGraphDeployment, v1beta1.DynamoGraphDeployment)
}


def parse_graph(manifest: Manifest) -> Graph:
    """Return the typed graph of a manifest.

    Raises:
        ValueError: a version of the API that this program does not write, or a field that its types do not have.
    """
    model = KINDS.get(manifest.get("apiVersion"))
    if model is None:
        raise ValueError(
            f"apiVersion is {manifest.get('apiVersion')}, and this program writes {', '.join(map(str, KINDS))}"
        )
    return model.parse(manifest)
