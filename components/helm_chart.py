"""The source of a Helm chart: a repository, a registry, or a local folder."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi_kubernetes as k8s

from wideep_cluster.charts import Chart, is_folder

__all__ = ["ChartSource"]


@dataclass(frozen=True)
class ChartSource:
    """A chart of one version, from the source in ``charts``: ``https://…``, ``oci://…`` or a folder."""

    charts: str
    chart: str
    version: str

    @property
    def reference(self) -> str:
        """The ``chart`` of a Helm release."""
        if self.charts.startswith("oci://"):
            return f"{self.charts.rstrip('/')}/{self.chart}"
        if not is_folder(self.charts):
            return self.chart
        archive = Chart(self.charts, self.chart, self.version).file
        return str(archive if archive.exists() else archive.with_name(self.chart))

    @property
    def asked_version(self) -> str | None:
        """The version to request; None for a folder, which holds a single version."""
        return None if is_folder(self.charts) else self.version

    @property
    def repository(self) -> k8s.helm.v3.RepositoryOptsArgs | None:
        """The repository options; None unless the source is a repository."""
        if self.charts.startswith("oci://") or is_folder(self.charts):
            return None
        return k8s.helm.v3.RepositoryOptsArgs(repo=self.charts)
