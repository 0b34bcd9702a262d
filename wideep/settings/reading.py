"""Conversion of a stack config as it was written to Settings, or to a list of every mistake in it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, cast

from pydantic import ValidationError

from wideep.dynamo.releases import row_of
from wideep.errors import ConfigError, Problem
from wideep.settings.backend import Backend
from wideep.settings.base import SettingsModel
from wideep.settings.formatting import redact, suggest
from wideep.settings.hardware import Gpu, Interconnect
from wideep.settings.image import Hidden
from wideep.settings.lost import lost_model, lost_preset
from wideep.settings.managed import split_managed
from wideep.settings.problems import NO_SUCH_KEY, misspelt, problems_of
from wideep.settings.root import HfToken, Settings
from wideep.settings.secrets import CREDENTIAL, MISPLACED, below, is_secure, secret_problems
from wideep.versions import DYNAMO

__all__ = ["ParseResult", "ReadText", "parse", "read"]

ReadText = Callable[[str], str]
Object = dict[str, object]

TOKEN: Final = re.compile(r"hf_[A-Za-z0-9_-]+")
OPEN: Final = ("server", "username")
"""Keys of a registry's credentials that are not secret."""
MAX_DEPTH: Final = 50
MAX_INT_BITS: Final = 1024
SET_IT: Final = "pulumi config set --secret hfToken hf_…"
RELEASE: Final = re.compile(r"[0-9]+\.[0-9]+\.[0-9]+(?![0-9.])")
SURROGATES: Final = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True)
class ParseResult:
    """The result of reading a stack config: Settings, or the mistakes in its form."""

    problems: tuple[Problem, ...]
    settings: Settings | None
    """None if there are problems."""
    config: Object
    """The config as Settings read it: JSON values only, model and layout filled in, no token and no password."""


def parse(raw: Mapping[str, object], read_text: ReadText | None = None) -> Settings:
    """Return Settings from the config's keys without the project's prefix.

    Values are what YAML yields; a top-level object may also be JSON text, as Pulumi passes it to a program.
    ``read_text`` opens the file of ``model: {config: PATH}``.

    Raises ConfigError with all mistakes of form. ``wideep.rules`` checks whether the layout can run.
    """
    reading = read(raw, read_text)
    if reading.settings is None:
        raise ConfigError(reading.problems)
    return reading.settings


def read(raw: Mapping[str, object], read_text: ReadText | None = None) -> ParseResult:
    """Read the config like ``parse``, but return the problems instead of raising them."""
    config = {SURROGATES.sub("\ufffd", str(key)): _decoded(_plain(value)) for key, value in raw.items()}
    marked = secret_problems(config)
    problems: list[Problem] = []
    for key, reader in (
        ("hfToken", _token),
        ("backend", _backend),
        ("image", _image),
        ("model", _model),
        ("layout", _layout),
    ):
        if config.get(key) is not None:
            found = reader(config[key], read_text)
            wrong = _problems(found)
            if wrong:
                problems += wrong
                del config[key]
            else:
                config[key] = _plain(found)
    if config.get("image") is None and _has_published_image(config):
        config["image"] = {"source": "published"}
    if "hardware" in config:
        config["hardware"], unknown = _hardware(config["hardware"])
        problems += unknown
    reported = {problem.key.split(".")[0] for problem in problems}
    settings: Settings | None = None
    try:
        settings = Settings.model_validate_json(json.dumps(config), by_alias=True, by_name=False)
    except ValidationError as error:
        problems += [p for p in problems_of(error, config) if p.key not in reported]
    if "hfToken" not in reported and not misspelt("hfToken", config):
        problems += _token_problems(config)
    problems = _with_secrets(problems, marked)
    return ParseResult(tuple(problems), None if problems else settings, config)


def _has_published_image(config: Object) -> bool:
    """Tell whether a stack that names no image gets NVIDIA's: as far as is known, the release's image contains
    DeepEP."""
    platform = config.get("platform")
    version = cast("Object", platform).get("version", DYNAMO) if isinstance(platform, dict) else DYNAMO
    covered = row_of(version) if isinstance(version, str) and RELEASE.match(version) else None
    return covered is not None and covered.deepep != "no" and not misspelt("image", config)


def _problems(found: object) -> list[Problem]:
    """Return the problems that a reader returned in place of a key's value; empty if it returned a value."""
    several = cast("list[object]", found) if isinstance(found, list) else [found]
    return [each for each in several if isinstance(each, Problem)]


def _with_secrets(problems: list[Problem], marked: list[Problem]) -> list[Problem]:
    """Return the problems of secrets, then all others.

    A mistake in a secret's value is not reported as well. If a secret's key does not exist, that mistake is reported
    instead, because it suggests the nearest key that does.
    """
    unknown = {problem.key for problem in problems if problem.rule == NO_SUCH_KEY}
    secrets = [problem for problem in marked if problem.rule in (MISPLACED, CREDENTIAL) or problem.key not in unknown]
    keys = [problem.key for problem in secrets]
    return [*secrets, *(problem for problem in problems if not below(problem.key, keys))]


def _plain(value: object, depth: int = 0) -> object:
    """Return the value as JSON holds it; anything that JSON cannot hold becomes text, so that a rule can refuse it by
    its key."""
    if depth > MAX_DEPTH:
        return "nested too deeply"
    match value:
        case bool() | None | float():
            return value
        case int():
            return value if value.bit_length() <= MAX_INT_BITS else f"an integer of {value.bit_length()} bits"
        case Mapping():
            items = cast("Mapping[object, object]", value).items()
            return {SURROGATES.sub("\ufffd", str(key)): _plain(item, depth + 1) for key, item in items}
        case list() | tuple():
            return [_plain(item, depth + 1) for item in cast("list[object]", value)]
        case _:
            return SURROGATES.sub("\ufffd", str(value))


def _decoded(value: object) -> object:
    """Return the object for a text that is a JSON object; any other value is returned as it is."""
    if not (isinstance(value, str) and value.lstrip().startswith("{")):
        return value
    try:
        return _plain(json.loads(value))
    except (ValueError, RecursionError):
        return value


def _token(value: object, _: ReadText | None) -> object:
    """Return the placeholder of a valid token, whose value goes no further; else a problem."""
    if is_secure(value) or value == HfToken.SET or (isinstance(value, str) and TOKEN.fullmatch(value)):
        return HfToken.SET
    return Problem(
        "hfToken",
        HfToken.SET,
        "a Hugging Face token begins with hf_, followed by letters and digits only",
        SET_IT,
    )


def _image(value: object, _: ReadText | None) -> object:
    """Return the image without its registry's password. Only the two credentials that are not secret stay as they are,
    so that a misspelt key does not show the password either."""
    if not isinstance(value, dict):
        return value
    written = cast("Object", value)
    registry = written.get("registry")
    if registry is None:
        return written
    if not isinstance(registry, dict):
        return {**written, "registry": Hidden.SET}
    items = cast("Object", registry).items()
    hidden = {key: each if key in OPEN or each is None else Hidden.SET for key, each in items}
    return {**written, "registry": hidden}


def _token_problems(config: Object) -> list[Problem]:
    own, existing = config.get("hfToken"), config.get("hfTokenSecret")
    if own is None and existing is None and _needs_token(config):
        rule = "the model is downloaded with a Hugging Face token, and neither hfToken nor hfTokenSecret is set"
        fix = (
            f"{SET_IT}, or hfTokenSecret: the name of a Secret with key HF_TOKEN\n"
            "or, for a model that anyone may download, modelCache.anonymous: true"
        )
        return [Problem("hfToken", "", rule, fix)]
    if own is not None and existing is not None:
        rule = f"hfTokenSecret is {redact(existing)}, and only one of the two can be the token"
        return [Problem("hfToken", HfToken.SET, rule, "remove hfToken or hfTokenSecret")]
    return []


def _needs_token(config: Object) -> bool:
    """Tell whether the model is downloaded, and not anonymously."""
    cache = config.get("modelCache")
    written = cast("Object", cache) if isinstance(cache, dict) else {}
    return written.get("anonymous") is not True and written.get("download") is not False


def _backend(value: object, _: ReadText | None) -> object:
    """Refuse TensorRT-LLM's usual name, which is shorter in Dynamo; any other value is returned as it is."""
    if not isinstance(value, str) or value.lower().replace("-", "") != "tensorrtllm":
        return value
    return Problem("backend", redact(value), "TensorRT-LLM has another name in Dynamo", f"set {Backend.TRTLLM}")


def _model(value: object, read_text: ReadText | None) -> object:
    """Return the model's shape from the catalog, from a config.json, or as it is written."""
    from wideep.catalog.huggingface import shape_of_config
    from wideep.catalog.models import MODELS
    from wideep.catalog.unknown import unknown_model

    if isinstance(value, dict):
        written = cast("Object", value)
        return shape_of_config(written, read_text) if "config" in written else lost_model(written, MODELS) or written
    if not isinstance(value, str):
        return value
    if value in MODELS:
        return _dumped(MODELS[value])
    return Problem("model", redact(value), *unknown_model(redact(value), MODELS))


def _hardware(value: object) -> tuple[object, list[Problem]]:
    """Return the hardware, and a problem for each name that the catalog does not have.

    A known name replaces an unknown one, so that the other keys are validated too.
    """
    from wideep.catalog.unknown import unknown_gpu, unknown_interconnect

    if not isinstance(value, dict):
        return value, []
    written, problems = cast("Object", value), list[Problem]()
    gpu, network = written.get("gpu"), written.get("interconnect")
    if isinstance(gpu, str) and gpu not in list(Gpu):
        problems.append(Problem("hardware.gpu", redact(gpu), *unknown_gpu(redact(gpu))))
        written = {**written, "gpu": Gpu.H200}
    elif gpu is not None and not isinstance(gpu, str | dict):
        problems.append(
            Problem("hardware.gpu", redact(gpu), "must be a name or an object", "use for example gpu: H200")
        )
        written = {**written, "gpu": Gpu.H200}
    if isinstance(network, str) and network not in list(Interconnect):
        problems.append(Problem("hardware.interconnect", redact(network), *unknown_interconnect(redact(network))))
        written = {**written, "interconnect": Interconnect.ETHERNET}
    return written, problems


def _layout(value: object, _: ReadText | None) -> object:
    """Return the layout with its preset's values filled in for keys that the stack does not set."""
    from wideep.catalog.layouts import PRESETS, layout_of

    if isinstance(value, str):
        written: Object = {"preset": value}
    elif isinstance(value, dict):
        written = cast("Object", value)
    else:
        return value
    split = split_managed(written)
    if isinstance(split, Problem):
        return split
    written, name = split, split.get("preset")
    named = {str(preset): preset for preset in PRESETS}
    if name is None:
        return lost_preset(written, named) or written
    if not isinstance(name, str) or name not in named:
        key = "layout" if isinstance(value, str) else "layout.preset"
        return Problem(key, redact(name), "there is no preset of that name", suggest(str(name), named))
    return _merged(_dumped(layout_of(named[name])), written)


def _dumped(model: SettingsModel) -> Object:
    return model.model_dump(mode="json", by_alias=True)


def _merged(base: Object, over: Object) -> Object:
    """Return ``base`` with the keys of ``over`` merged into it, objects key by key."""
    merged = dict(base)
    for key, value in over.items():
        below = base.get(key)
        both = isinstance(below, dict) and isinstance(value, dict)
        merged[key] = _merged(cast("Object", below), cast("Object", value)) if both else value
    return merged
