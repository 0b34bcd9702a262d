"""Images in a registry, accessed with `crane`; shared by the docker and docker-build stand-ins.

The registry of the simulated cluster listens on a loopback port that was free, and is called `registry.sim` everywhere
else; only these two plugins map the name to the address. They never write to a registry on another machine, since the
images that they build are not real ones.
"""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass
from typing import Final

from sim.pulumi_plugins import processes
from sim.pulumi_plugins.server import PluginError

LOOPBACK: Final = ("127.0.0.1", "localhost", "[::1]")
HUB: Final = "docker.io"


@dataclass(frozen=True)
class Reference:
    """The parts of an image's name: `host/repository:tag@digest`; tag and digest may be empty."""

    host: str
    repository: str
    tag: str
    digest: str

    def __str__(self) -> str:
        tag, digest = (f"{mark}{part}" if part else "" for mark, part in ((":", self.tag), ("@", self.digest)))
        return f"{self.host}/{self.repository}{tag}{digest}"


def parse(name: str) -> Reference:
    """Split an image's name as docker does: without a host it is on Docker Hub."""
    rest, _, digest = name.partition("@")
    head, slash, tail = rest.partition("/")
    has_host = bool(slash) and (any(mark in head for mark in ".:") or head == "localhost")
    host, path = (head, tail) if has_host else (HUB, rest if slash else f"library/{rest}")
    repository, _, tag = path.partition(":")
    return Reference(host, repository, tag, digest)


class RegistryError(PluginError):
    """crane's error message, on one line."""


@dataclass(frozen=True)
class Registry:
    """The simulation's registry: the name `alias` that references use, and the `address` at which it listens."""

    alias: str
    address: str

    @classmethod
    def of_cluster(cls) -> Registry:
        """Return the registry of the running cluster ($SIM_CLUSTER's or this checkout's), without an address if none
        runs."""
        from sim import state  # pydantic is as slow to import as all the rest, and few calls get here

        try:
            cluster = state.load()
        except state.SimError as error:
            raise PluginError(str(error)) from error
        return cls(cluster.registry_alias, cluster.registry) if cluster else cls(state.REGISTRY, "")

    def locate(self, image: Reference) -> Reference | None:
        """Return the name under which crane reaches the image; None for a registry that is not on this machine."""
        if image.host == self.alias and self.address:
            return Reference(self.address, image.repository, image.tag, image.digest)
        return image if re.sub(r":\d+$", "", image.host) in LOOPBACK else None

    def crane(self, cancelled: threading.Event, *arguments: str) -> str:
        """Run crane and return what it printed.

        Raises:
            RegistryError: It failed. The message contains the registry's name, not its port.
        """
        outcome = processes.run(["crane", *arguments, "--insecure"], cancelled)
        if outcome.code:
            said = outcome.err.strip().splitlines()[-1:] or ["crane ended without a word"]
            text = re.sub(r"^.*?Error: |^\d{4}/\d\d/\d\d [\d:]+ ", "", said[0])
            raise RegistryError(text.replace(self.address, self.alias) if self.address else text)
        return outcome.out.strip()
