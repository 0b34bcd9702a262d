"""The key pair of mpi-run-ssh-secret."""

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from components.ssh_key import key_pair

SEEDS = st.binary(min_size=48, max_size=48).map(bytes.hex)


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


def test_the_lowest_and_the_highest_seed_give_a_key() -> None:
    assert key_pair("00" * 48) != key_pair("ff" * 48)
