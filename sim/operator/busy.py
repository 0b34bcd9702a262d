"""The fault api-busy: occupies the one seat that API priority and fairness leaves.

A level without seats still admits one request while none of its own runs. This module sends that one: a POST whose body
never ends, so that the API server itself answers every other request of the level with 429.
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
"""A user that may create Secrets and that the API server limits; it exempts ``system:masters``."""
PATH: Final = "/api/v1/namespaces/kube-system/secrets?dryRun=All"
LOOK_SECONDS: Final = 0.5
HELD_SECONDS: Final = 40.0
"""Less than the minute after which the API server ends a request."""

logger = logging.getLogger(__name__)


async def occupy(cluster: Cluster) -> None:
    """Occupy the seat again and again while the fault is set, until cancelled."""
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
    """Yield the beginning of an object, and nothing more while the fault is set."""
    yield b'{"kind": "Secret", '
    held = 0.0
    while held < HELD_SECONDS and store.is_active(cluster.directory, FAULT):
        await asyncio.sleep(LOOK_SECONDS)
        held += LOOK_SECONDS
