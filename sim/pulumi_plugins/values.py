"""Property values of Pulumi's provider protocol, as plain Python values.

On the wire a property is a protobuf Value; secrets and unknowns are encoded with fixed signatures (Pulumi SDK,
`sdk/go/common/resource/properties.go`). Here they are `Secret(value)` and `UNKNOWN`; everything else is what
`json.loads` would give, with whole numbers as int.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

from google.protobuf.struct_pb2 import ListValue, NullValue, Struct
from google.protobuf.struct_pb2 import Value as ProtoValue

SIGNATURE: Final = "4dabf18193072939515e22adb298388d"
SECRET_SIGNATURE: Final = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105  a constant of the protocol
UNKNOWN_STRING: Final = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"

Properties = dict[str, Any]


class _Unknown(Enum):
    """The type of the one value that means "known only after the update"."""

    UNKNOWN = UNKNOWN_STRING


UNKNOWN: Final = _Unknown.UNKNOWN


@dataclass(frozen=True)
class Secret:
    """A value that the engine encrypts in the state and masks on the screen."""

    value: Any

    def __repr__(self) -> str:
        return "Secret(...)"


def decode(struct: Struct) -> Properties:
    """Return the properties of a request."""
    return {key: _decode(value) for key, value in struct.fields.items()}


def _decode(value: ProtoValue) -> Any:
    match value.WhichOneof("kind"):
        case "struct_value":
            fields = value.struct_value.fields
            is_secret = SIGNATURE in fields and fields[SIGNATURE].string_value == SECRET_SIGNATURE
            return Secret(_decode(fields["value"])) if is_secret else decode(value.struct_value)
        case "list_value":
            return [_decode(item) for item in value.list_value.values]
        case "string_value":
            return UNKNOWN if value.string_value == UNKNOWN_STRING else value.string_value
        case "number_value":
            return int(value.number_value) if value.number_value.is_integer() else value.number_value
        case "bool_value":
            return value.bool_value
        case _:
            return None


def encode(properties: Mapping[str, Any]) -> Struct:
    """Return the properties for a response."""
    return Struct(fields={key: _encode(value) for key, value in properties.items()})


def _encode(value: Any) -> ProtoValue:  # noqa: PLR0911  one line for each kind of value
    match value:
        case None:
            return ProtoValue(null_value=NullValue.NULL_VALUE)
        case bool():
            return ProtoValue(bool_value=value)
        case int() | float():
            return ProtoValue(number_value=value)
        case str():
            return ProtoValue(string_value=value)
        case Secret():
            return ProtoValue(struct_value=encode({SIGNATURE: SECRET_SIGNATURE, "value": value.value}))
        case _Unknown():
            return ProtoValue(string_value=UNKNOWN_STRING)
        case list():
            return ProtoValue(list_value=ListValue(values=[_encode(item) for item in value]))
        case Mapping():
            return ProtoValue(struct_value=encode(value))
        case _:
            raise TypeError(f"a property cannot be a {type(value).__name__}")


def reveal(value: Any) -> Any:
    """Return a copy of the value without its secret marks; UNKNOWN stays."""
    match value:
        case Secret():
            return reveal(value.value)
        case dict():
            return {key: reveal(item) for key, item in value.items()}
        case list():
            return [reveal(item) for item in value]
        case _:
            return value


def _any(value: Any, test: Callable[[Any], bool]) -> bool:
    if test(value):
        return True
    match value:
        case Secret():
            return _any(value.value, test)
        case dict():
            return any(_any(item, test) for item in value.values())
        case list():
            return any(_any(item, test) for item in value)
        case _:
            return False


def has_unknown(value: Any) -> bool:
    """Tell whether anything in the value is known only after the update."""
    return _any(value, lambda item: item is UNKNOWN)
