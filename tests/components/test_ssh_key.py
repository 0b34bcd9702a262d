"""The key pair of mpi-run-ssh-secret."""

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from components.ssh_key import key_pair

SEEDS = st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=64, max_size=64)


@given(SEEDS)
def test_the_public_key_belongs_to_the_private_one(seed: str) -> None:
    pair = key_pair(seed)
    private = serialization.load_pem_private_key(pair["private.key"].encode(), password=None)
    public = serialization.load_ssh_public_key(pair["private.key.pub"].encode())
    assert isinstance(private, ec.EllipticCurvePrivateKey)
    assert private.curve.name == "secp256r1"
    assert private.public_key() == public


@given(SEEDS)
def test_the_same_seed_gives_the_same_key(seed: str) -> None:
    assert key_pair(seed) == key_pair(seed)


def test_another_seed_gives_another_key() -> None:
    assert key_pair("a" * 64) != key_pair("b" * 64)
