"""The fault api-busy: keeps the one place taken that API priority and fairness leaves.

A level without seats still lets one request through while none of its own runs. This is that one: a POST whose body
never ends, so that every other request of the level is answered with 429 by the API server itself.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import AsyncIterator
from typing import Final

import aiohttp

from sim.faults import store
from sim.state import Cluster

FAULT: Final = "api-busy"
USER: Final = "system:kube-controller-manager"
"""May create Secrets, and the API server holds it to its limits, which those of ``system:masters`` it exempts from."""
PATH: Final = "/api/v1/namespaces/kube-system/secrets?dryRun=All"
LOOK_SECONDS: Final = 0.5
HELD_SECONDS: Final = 40.0
"""Less than the minute that the API server gives a request."""

logger = logging.getLogger(__name__)


async def occupy(cluster: Cluster) -> None:
    """Take the place again and again while the fault is set; ends when it is cancelled."""
    tls = ssl.create_default_context(cafile=cluster.pki / "ca.crt")
    tls.load_cert_chain(cluster.pki / "admin.crt", cluster.pki / "admin.key")
    url = f"https://127.0.0.1:{cluster.ports.kube_apiserver}{PATH}"
    headers = {"Impersonate-User": USER, "Content-Type": "application/json"}
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=tls)) as session:
        while True:
            if not store.is_active(cluster.directory, FAULT):
                await asyncio.sleep(LOOK_SECONDS)
                continue
            try:
                async with session.post(url, data=_body(cluster), headers=headers) as response:
                    await response.read()
            except aiohttp.ClientError as error:
                logger.debug("the place is not taken: %s", error)
                await asyncio.sleep(LOOK_SECONDS)


async def _body(cluster: Cluster) -> AsyncIterator[bytes]:
    """The beginning of an object, and nothing more for as long as the fault is set."""
    yield b'{"kind": "Secret", '
    held = 0.0
    while held < HELD_SECONDS and store.is_active(cluster.directory, FAULT):
        await asyncio.sleep(LOOK_SECONDS)
        held += LOOK_SECONDS
