"""An API server on loopback that gives a test's answers, and a kubeconfig for it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.support.site import Site, serving

__all__ = ["api_server", "listed", "namespace"]


@contextmanager
def api_server(folder: Path) -> Iterator[tuple[Site, Path]]:
    """Yield the server and the path of its kubeconfig. It answers 404, as for an unknown object, unless told
    otherwise."""
    with serving() as site:
        cluster = {"name": "c", "cluster": {"server": f"http://{site.address}"}}
        context = {"name": "c", "context": {"cluster": "c", "user": "u"}}
        config = {"clusters": [cluster], "contexts": [context], "users": [{"name": "u", "user": {}}]}
        file = folder / "kubeconfig"
        file.write_text(json.dumps({"apiVersion": "v1", "kind": "Config", "current-context": "c", **config}))
        yield site, file


def listed(*items: Mapping[str, Any]) -> dict[str, Any]:
    """Return the response to a list request."""
    return {"metadata": {"resourceVersion": "7"}, "items": list(items)}


def namespace(name: str, status: Mapping[str, Any] | None = None, **metadata: Any) -> dict[str, Any]:
    """Return a Namespace as the API server returns it."""
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, **metadata}, "status": status or {}}
