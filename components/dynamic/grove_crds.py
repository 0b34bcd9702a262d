"""The CRDs of Grove and KAI.

Helm installs the content of a chart's ``crds/`` folder only with the first installation. So nothing else would install
these CRDs on a platform that was installed without Grove, and nothing else would update them for a newer Grove.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Any, Final, Protocol, cast

import pulumi
from pulumi.dynamic import CreateResult, Resource

from components.dynamic.cluster_resource import ClusterProvider, Properties

__all__ = ["CrdApi", "GroveCrds", "GroveCrdsProvider", "bring", "crds_of"]

CRD: Final = re.compile(r"charts/([^/]+)/crds/.*\.ya?ml")
KIND: Final = "CustomResourceDefinition"
THERE: Final = 409
SERVED_SECONDS: Final = 60
RETRY_SECONDS: Final = 0.5
Manifest = dict[str, Any]


class CrdApi(Protocol):
    """The part of ``kubernetes.client.ApiextensionsV1Api`` that this module uses."""

    def create_custom_resource_definition(self, body: Manifest) -> object: ...

    def read_custom_resource_definition(self, name: str) -> object: ...

    def patch_custom_resource_definition(self, name: str, body: Manifest) -> object: ...


def crds_of(files: Iterable[tuple[str, bytes]], sub_charts: Collection[str]) -> list[Manifest]:
    """Return the CRDs in the ``crds/`` folders of a chart's sub-charts. ``sub_charts`` holds the keys that name them in
    the values.

    Raises:
        ChartError: the files are not those of a chart.
    """
    import yaml

    from wideep_cluster.charts import ChartError

    content = dict(files)
    if "Chart.yaml" not in content:
        raise ChartError("there is no Chart.yaml")
    about: Manifest = yaml.safe_load(content["Chart.yaml"])
    folders = {each["name"] for each in about.get("dependencies", []) if each.get("alias", each["name"]) in sub_charts}
    wanted = [text for path, text in content.items() if (found := CRD.fullmatch(path)) and found[1] in folders]
    documents = (document for text in wanted for document in yaml.safe_load_all(text))
    return [document for document in documents if document and document["kind"] == KIND]


def bring(api: CrdApi, crds: Iterable[Manifest], *, update: bool = False) -> Iterator[str]:
    """Create the CRDs that the cluster lacks and yield their names; return once the API server serves all of them. With
    ``update``, CRDs that exist get the chart's spec.

    Raises:
        TimeoutError: a CRD is not served after ``SERVED_SECONDS``.
    """
    from kubernetes.client import ApiException

    from wideep_cluster.retry import poll

    names: list[str] = []
    for crd in crds:
        names.append(crd["metadata"]["name"])
        try:
            api.create_custom_resource_definition(crd)
        except ApiException as error:
            if cast("int", error.status) != THERE:  # pyright: ignore[reportUnknownMemberType]
                raise
            if update:
                api.patch_custom_resource_definition(names[-1], {"spec": crd["spec"]})
        else:
            yield names[-1]

    def are_served() -> bool:
        return all(_served(api.read_custom_resource_definition(name)) for name in names)

    if not poll(are_served, lambda served: not served, SERVED_SECONDS, RETRY_SECONDS):
        raise TimeoutError(f"after {SERVED_SECONDS} s the API server does not serve {', '.join(names)}")


def _served(crd: Any) -> bool:
    conditions: list[Any] = (crd.status.conditions if crd.status else None) or []
    return any(each.type == "Established" and each.status == "True" for each in conditions)


class GroveCrdsProvider(ClusterProvider):
    """A provider whose ``create`` returns once the CRDs are served. They stay when the stack is destroyed, as does
    everything that Helm installs from ``crds/``."""

    def create(self, props: Properties) -> CreateResult:
        from kubernetes.client import ApiextensionsV1Api

        from wideep_cluster.charts import Chart, ChartError

        chart = Chart(props["charts"], "dynamo-platform", props["version"])
        try:
            crds = crds_of(chart.files(), props["subCharts"])
        except ChartError as error:
            pulumi.log.warn(
                f"the CRDs of {' and '.join(props['subCharts'])} are not brought, because the chart cannot be read: "
                f"{error}. Helm brings them if it installs the platform now; if it is there already, unpack the chart "
                "(`helm pull --untar`), apply each file of its charts' crds/ folders, and restart the operator."
            )
        else:
            connect = cast("Callable[..., CrdApi]", ApiextensionsV1Api)
            for name in bring(connect(self.namespace(props).cluster.api), crds, update=bool(props.get("update"))):
                pulumi.log.info(f"{name}: created")
        return super().create(props)


class GroveCrds(Resource, module="dynamo-wideep", name="GroveCrds"):
    """The resource that ensures the CRDs exist before the operator looks for them."""
