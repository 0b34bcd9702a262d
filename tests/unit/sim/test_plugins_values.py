"""Property values on the wire and the marks on them."""

from google.protobuf.struct_pb2 import Struct
from hypothesis import given
from hypothesis import strategies as st

from sim.pulumi_plugins.values import UNKNOWN, Secret, decode, encode, has_unknown, reveal

LEAVES = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text() | st.just(UNKNOWN)
KEYS = st.text().filter(lambda key: key != "4dabf18193072939515e22adb298388d")
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner) | st.dictionaries(KEYS, inner) | inner.map(Secret),
    max_leaves=12,
)


def _secrets(value: object) -> list[Secret]:
    """All secret marks within."""
    match value:
        case Secret():
            return [value]
        case dict():
            return [found for item in value.values() for found in _secrets(item)]
        case list():
            return [found for item in value for found in _secrets(item)]
        case _:
            return []


@given(st.dictionaries(KEYS, VALUES))
def test_what_is_encoded_is_decoded_as_it_was(properties: dict[str, object]) -> None:
    assert decode(Struct.FromString(encode(properties).SerializeToString())) == properties


@given(VALUES)
def test_a_revealed_value_has_no_secret_marks_and_keeps_its_unknowns(value: object) -> None:
    assert not _secrets(reveal(value))
    assert has_unknown(reveal(value)) == has_unknown(value)


def test_a_secret_is_never_shown() -> None:
    assert "hf_token" not in repr({"spec": [Secret("hf_token")]})
