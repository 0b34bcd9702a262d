"""Stand-in for the pulumi-random plugin, version 4.21.4: bytes, ids, passwords, strings.

A password's `bcryptHash` is left out: nothing here can compute it, and the program does not use it.
"""

from __future__ import annotations

import base64
import secrets
import string
from collections.abc import Callable
from typing import Any, Final

from google.protobuf import empty_pb2
from pulumi.runtime.proto import provider_pb2

from sim.pulumi_plugins import values
from sim.pulumi_plugins.server import PluginError, ProviderBase

Diff = provider_pb2.DiffResponse
Change = provider_pb2.PropertyDiff

SPECIAL: Final = "!@#$%&*()-_=+[]{}<>:?"
TEXT_DEFAULTS: Final[dict[str, Any]] = {
    **dict.fromkeys(("lower", "upper", "number", "numeric", "special"), True),
    **dict.fromkeys(("minLower", "minUpper", "minNumeric", "minSpecial"), 0),
}


def _bytes(inputs: values.Properties) -> tuple[str, values.Properties]:
    """Return id and outputs of RandomBytes. As in the real plugin (`computeRandomBytesID`) the id is the value in
    clear."""
    raw = secrets.token_bytes(inputs["length"])
    text = base64.b64encode(raw).decode()
    return text, {"base64": values.Secret(text), "hex": values.Secret(raw.hex())}


def _id(inputs: values.Properties) -> tuple[str, values.Properties]:
    raw = secrets.token_bytes(inputs["byteLength"])
    url = base64.urlsafe_b64encode(raw).decode().rstrip("=")
    shown = {
        "b64Std": base64.b64encode(raw).decode(),
        "b64Url": url,
        "dec": str(int.from_bytes(raw)),
        "hex": raw.hex(),
    }
    prefix = inputs.get("prefix") or ""
    return url, {key: prefix + text for key, text in shown.items()}


def _text(inputs: values.Properties) -> str:
    """Return a text with the minimum number of characters of each class, filled up from all classes together."""
    special = inputs.get("overrideSpecial") or SPECIAL
    classes = [
        (inputs["lower"], inputs["minLower"], string.ascii_lowercase),
        (inputs["upper"], inputs["minUpper"], string.ascii_uppercase),
        (inputs["numeric"] and inputs["number"], inputs["minNumeric"], string.digits),
        (inputs["special"], inputs["minSpecial"], special),
    ]
    allowed = "".join(letters for wanted, _, letters in classes if wanted)
    if not allowed:
        raise PluginError("a random text needs at least one of lower, upper, numeric, special")
    chosen = [secrets.choice(letters) for _, least, letters in classes for _ in range(least)]
    chosen += [secrets.choice(allowed) for _ in range(inputs["length"] - len(chosen))]
    secrets.SystemRandom().shuffle(chosen)
    return "".join(chosen)


def _password(inputs: values.Properties) -> tuple[str, values.Properties]:
    complete = {**TEXT_DEFAULTS, **inputs}
    return "none", {**TEXT_DEFAULTS, "result": values.Secret(_text(complete))}


def _string(inputs: values.Properties) -> tuple[str, values.Properties]:
    text = _text({**TEXT_DEFAULTS, **inputs})
    return text, {**TEXT_DEFAULTS, "result": text}


TYPES: Final[dict[str, Callable[[values.Properties], tuple[str, values.Properties]]]] = {
    "random:index/randomBytes:RandomBytes": _bytes,
    "random:index/randomId:RandomId": _id,
    "random:index/randomPassword:RandomPassword": _password,
    "random:index/randomString:RandomString": _string,
}
OUTPUTS: Final = {
    "random:index/randomBytes:RandomBytes": ("base64", "hex"),
    "random:index/randomId:RandomId": ("b64Std", "b64Url", "dec", "hex"),
    "random:index/randomPassword:RandomPassword": ("result",),
    "random:index/randomString:RandomString": ("result",),
}
LENGTHS: Final = {"random:index/randomId:RandomId": "byteLength"}


class Provider(ProviderBase):
    """The random provider: values are generated once, at create, and live in the state."""

    name, version = "random", "v4.21.4"

    def check(self, request: provider_pb2.CheckRequest) -> provider_pb2.CheckResponse:
        """Accept the inputs of a known type if they state the value's length."""
        if request.type not in TYPES:
            raise PluginError(f"the simulated random plugin has no resource {request.type}")
        inputs, key = values.decode(request.news), LENGTHS.get(request.type, "length")
        failures = []
        if key not in inputs:
            reason = f'Missing required argument. The argument "{key}" is required, but no definition was found.'
            failures.append(provider_pb2.CheckFailure(property=key, reason=reason))
        return provider_pb2.CheckResponse(inputs=request.news, failures=failures)

    def diff(self, request: provider_pb2.DiffRequest) -> provider_pb2.DiffResponse:
        """Return which inputs changed. Any change replaces the resource, since a random value cannot be updated."""
        old, new = (values.reveal(values.decode(side)) for side in (request.old_inputs, request.news))
        changed = [key for key in sorted(old.keys() | new.keys()) if old.get(key) != new.get(key)]
        changed = [key for key in changed if key not in request.ignoreChanges]
        return Diff(
            changes=Diff.DIFF_SOME if changed else Diff.DIFF_NONE,
            replaces=changed,
            diffs=changed,
            detailedDiff={key: Change(kind=Change.Kind.UPDATE_REPLACE, inputDiff=True) for key in changed},
            hasDetailedDiff=True,
        )

    def create(self, request: provider_pb2.CreateRequest) -> provider_pb2.CreateResponse:
        """Generate the value; in a preview it is unknown."""
        inputs = values.decode(request.properties)
        if request.preview:
            unknown = dict.fromkeys(OUTPUTS[request.type], values.UNKNOWN)
            return provider_pb2.CreateResponse(properties=values.encode({**inputs, **unknown}))
        id_, outputs = TYPES[request.type](values.reveal(inputs))
        return provider_pb2.CreateResponse(id=id_, properties=values.encode({**outputs, **inputs}))

    def read(self, request: provider_pb2.ReadRequest) -> provider_pb2.ReadResponse:
        """Return the state unchanged: a random value exists nowhere else."""
        return provider_pb2.ReadResponse(id=request.id, properties=request.properties, inputs=request.inputs)

    def delete(self, request: provider_pb2.DeleteRequest) -> empty_pb2.Empty:
        """Forget the value."""
        return empty_pb2.Empty()
