"""Property values on the wire and the marks on them."""

from google.protobuf.struct_pb2 import Struct
from hypothesis import given
from hypothesis import strategies as st

from sim.plugins.values import UNKNOWN, Secret, decode, encode, has_secret, has_unknown, mark_secrets, reveal

LEAVES = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text() | st.just(UNKNOWN)
KEYS = st.text().filter(lambda key: key != "4dabf18193072939515e22adb298388d")
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner) | st.dictionaries(KEYS, inner) | inner.map(Secret),
    max_leaves=12,
)


@given(st.dictionaries(KEYS, VALUES))
def test_what_is_encoded_is_decoded_as_it_was(properties: dict[str, object]) -> None:
    assert decode(Struct.FromString(encode(properties).SerializeToString())) == properties


@given(VALUES)
def test_a_revealed_value_has_no_secret_marks_and_keeps_its_unknowns(value: object) -> None:
    assert not has_secret(reveal(value))
    assert has_unknown(reveal(value)) == has_unknown(value)


def test_a_secret_is_never_shown() -> None:
    assert "hf_token" not in repr({"spec": [Secret("hf_token")]})


def test_only_what_came_of_a_secret_input_becomes_secret() -> None:
    outputs = {"spec": {"a": 1, "b": [1, 2], "c": 3}, "status": "x"}
    mark_secrets(outputs, {"spec": {"a": Secret(1), "b": [1, Secret(2)], "c": 3}})
    assert outputs == {"spec": {"a": Secret(1), "b": Secret([1, 2]), "c": 3}, "status": "x"}


def test_the_data_of_a_secret_object_is_secret_whatever_the_inputs_say() -> None:
    outputs = {"kind": "Secret", "data": {"k": "v"}, "metadata": {"name": "n"}}
    mark_secrets(outputs, {})
    assert outputs == {"kind": "Secret", "data": Secret({"k": "v"}), "metadata": {"name": "n"}}
