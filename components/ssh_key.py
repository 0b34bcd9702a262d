"""The key pair that the operator expects in the Secret ``mpi-run-ssh-secret``."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Final

import pulumi
import pulumi_kubernetes as k8s
import pulumi_random as random

from components.base import Component
from components.lifecycle.error_context import ErrorContext
from wideep.resource_names import SSH_KEY_SECRET

__all__ = ["SshKey", "SshKeyArgs", "key_pair"]

SEED_LENGTH: Final = 64
"""Letters and digits: 381 bits, more than the curve's 256."""
ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
"""The order of the curve P-256 (FIPS 186-5)."""


def key_pair(seed: str) -> dict[str, str]:
    """Return the P-256 key derived from the seed, under the names that the operator looks for.

    ``private.key`` is PEM, ``private.key.pub`` is one line in OpenSSH's format. The same seed gives the same text. The
    hash has far more bits than the curve's order, so the remainder favours no key (FIPS 186-5, A.2.1).
    """
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    scalar = int.from_bytes(hashlib.sha512(seed.encode()).digest()) % (ORDER - 1) + 1
    key = ec.derive_private_key(scalar, ec.SECP256R1())
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )
    public = key.public_key().public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
    return {"private.key": private.decode(), "private.key.pub": f"{public.decode()}\n"}


@dataclass(frozen=True)
class SshKeyArgs:
    """The namespace and name of the Secret."""

    namespace: pulumi.Input[str]
    secret: str


class SshKey(Component):
    """A Secret with an SSH key pair that stays the same from one run to the next.

    The chart's own hook creates it with images that no longer exist. The operator of 0.6.0 fails on every graph without
    it, even if nothing uses MPI.

    >>> key = SshKey("mpi", SshKeyArgs(namespace="dynamo-workshop", secret="mpi-run-ssh-secret"))
    """

    def __init__(self, name: str, args: SshKeyArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, opts, ErrorContext(use_instead="platform.sshKeySecret: {name}"))
        # Not RandomBytes: the plugin uses its value as the resource's id, and the state stores ids in clear text.
        seed = random.RandomPassword(f"{name}-seed", length=SEED_LENGTH, special=False, opts=self.child())
        k8s.core.v1.Secret(
            SSH_KEY_SECRET.of(name),
            metadata=self.metadata(args.secret, args.namespace),
            string_data=pulumi.Output.secret(seed.result).apply(key_pair),
            opts=self.api_child(),
        )
        self.register_outputs({})
