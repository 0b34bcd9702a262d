"""Stand-in for the webhook server in the operator of Dynamo 1.6.1: the real API server calls it, over TLS on loopback.

It listens only while such an operator is ready, and from a moment after its pod is: until then every change of a graph
is refused with "connection refused", since the webhooks are fail-closed. A Service of the simulated cluster leads
nowhere, so the chart's stand-in reads the server's address from a ConfigMap. The path contains a secret, which only an
administrator of the cluster can read, and without which no request is answered.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import logging
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final

from aiohttp import web

from sim.operator.contract import Manifest
from sim.operator.kube import Kind, Kube
from sim.operator.operators import Operators
from sim.operator.v1.admission import Site, defaulted, refusals
from sim.state import Cluster

CONFIG_MAP: Final = "sim-webhooks"
NAMESPACE: Final = "kube-system"
GRAPHS: Final = "dynamographdeployments"
LATER_SECONDS: Final = 1.0
"""Delay after the operator's pod is ready."""
POLL_SECONDS: Final = 0.2

logger = logging.getLogger(__name__)
SiteOf = Callable[[str], Awaitable[Site]]
"""Returns the settings of the operator that watches a namespace."""


def secret_path(cluster: Cluster) -> str:
    return hashlib.sha256(f"webhooks {cluster.password}".encode()).hexdigest()[:32]


def config_map(cluster: Cluster) -> Manifest:
    """Return the ConfigMap from which the chart's stand-in reads the server's address."""
    data = {
        "url": f"https://127.0.0.1:{cluster.ports.webhooks}/{secret_path(cluster)}",
        "caBundle": base64.b64encode((cluster.pki / "ca.crt").read_bytes()).decode(),
    }
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": CONFIG_MAP, "namespace": NAMESPACE},
        "data": data,
    }


def answer(verb: str, plural: str, request: Manifest, site: Site) -> Manifest:
    """Return the response to an admission request."""
    said: Manifest = {"uid": request["uid"], "allowed": True}
    new, old = request["object"], request.get("oldObject")
    if plural != GRAPHS or new is None:
        return said
    if verb == "mutate":
        patch = defaulted(new, site) if request["operation"] == "CREATE" else []
        if patch:
            said |= {"patchType": "JSONPatch", "patch": base64.b64encode(json.dumps(patch).encode()).decode()}
        return said
    user = (request.get("userInfo") or {}).get("username", "")
    wrong = refusals(new, old if request["operation"] == "UPDATE" else None, site, user)
    if wrong:
        said |= {"allowed": False, "status": {"code": 403, "reason": "Forbidden", "message": "; ".join(wrong)}}
    return said


@dataclass
class Webhooks:
    """The webhook server, which runs as long as there is an operator of 1.x."""

    kube: Kube
    cluster: Cluster
    operators: Operators
    site_of: SiteOf
    runner: web.AppRunner | None = field(default=None)

    async def run(self) -> None:
        """Listen while an operator runs, until cancelled."""
        await self.kube.apply(Kind.CONFIG_MAP, config_map(self.cluster))
        try:
            while True:
                living = self.operators.has_webhooks()
                if living and not self.runner:
                    await asyncio.sleep(LATER_SECONDS)
                    await self._open()
                elif not living and self.runner:
                    await self._close()
                await asyncio.sleep(POLL_SECONDS)
        finally:
            await self._close()

    async def _open(self) -> None:
        app = web.Application()
        app.router.add_post("/{secret}/{verb}/nvidia.com/v1beta1/{plural}", self._review)
        app.router.add_route("*", "/{rest:.*}", _refuse)
        self.runner = web.AppRunner(app, access_log=None)
        await self.runner.setup()
        tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        tls.load_cert_chain(self.cluster.pki / "admin.crt", self.cluster.pki / "admin.key")
        await web.TCPSite(self.runner, "127.0.0.1", self.cluster.ports.webhooks, ssl_context=tls).start()
        logger.info("webhooks listen on port %s", self.cluster.ports.webhooks)

    async def _close(self) -> None:
        if self.runner:
            await self.runner.cleanup()
            self.runner = None

    async def _review(self, request: web.Request) -> web.Response:
        if request.match_info["secret"] != secret_path(self.cluster):
            return await _refuse(request)
        asked = (await request.json())["request"]
        site = await self.site_of(asked.get("namespace", ""))
        said = answer(request.match_info["verb"], request.match_info["plural"], asked, site)
        return web.json_response({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": said})


async def _refuse(_request: web.Request) -> web.Response:
    return web.Response(status=403)
