"""A copy of the project in which stacks can be previewed without their own secrets, charts and cluster.

These are replaced by stand-ins, and the preview says so.
"""

from __future__ import annotations

import difflib
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from sim import paths
from sim.errors import SimError
from wideep.dynamo import release
from wideep.dynamo.api import Framework
from wideep.image_reference import ImageReference
from wideep.settings.backend import Backend
from wideep.versions import DYNAMO

__all__ = ["Copy", "copy_project"]

PREFIX: Final = "dynamo-wideep:"
SIM_STACK: Final = "sim"
"""Its file contains a fake token, encrypted with the simulation's own passphrase: the stand-in for every secret."""
NOT_COPIED: Final = (".git", ".github", ".hypothesis")
DIGEST: Final = f"sha256:{'0' * 64}"
CLUSTER_KEYS: Final = ("kubernetes:kubeconfig", "kubernetes:context", "kubernetes:cluster")

Config = dict[str, Any]


@dataclass(frozen=True)
class Copy:
    """A stack's file, rewritten so that it can be previewed anywhere."""

    stack: str
    folder: Path
    unchecked: tuple[str, ...]
    """What was replaced, one sentence each."""


def copy_project(folder: Path, stacks: Sequence[str]) -> list[Copy]:
    """Create the project in ``folder``: code linked, Pulumi.yaml copied, the stacks' files rewritten.

    Raise SimError for a stack that has no file, or whose file is not that of a stack.
    """
    names = (stack.rpartition("/")[2] for stack in stacks)  # live previews pass ORGANIZATION/NAME
    files = {name: _file(name) for name in dict.fromkeys(names)}
    folder.mkdir(parents=True)
    for path in sorted(paths.PROJECT.iterdir()):
        if path.name not in NOT_COPIED and not path.match("Pulumi.*.yaml") and path.name != "Pulumi.yaml":
            os.symlink(path, folder / path.name)
    shutil.copy(paths.PROJECT / "Pulumi.yaml", folder)
    return [_copy(stack, file, folder) for stack, file in files.items()]


def _file(stack: str) -> Path:
    file = paths.PROJECT / f"Pulumi.{stack}.yaml"
    if not file.is_file():
        names = [path.name.split(".")[1] for path in sorted(paths.PROJECT.glob("Pulumi.*.yaml"))]
        near = difflib.get_close_matches(stack, names, cutoff=0.5) or names
        raise SimError(f"there is no stack {stack!r}: {file.name} does not exist; try {' or '.join(near)}")
    return file


def _read(file: Path) -> Config:
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise SimError(f"{file.name} is not YAML: {error}") from error
    if not isinstance(content, dict) or not isinstance(content.get("config"), dict):
        raise SimError(f"{file.name} is not a stack file: it has no `config:`")
    return content


def _copy(stack: str, file: Path, folder: Path) -> Copy:
    standin = _read(paths.PROJECT / f"Pulumi.{SIM_STACK}.yaml")
    secret = standin["config"][f"{PREFIX}hfToken"]
    content = _read(file)
    config: Config = {key: value for key, value in content["config"].items() if key not in CLUSTER_KEYS}
    unchecked = [*_secrets(config), *_charts(config), *_image(config), *_environment(content)]
    written = {"encryptionsalt": standin["encryptionsalt"], "config": _replaced(config, secret)}
    if f"{PREFIX}hfTokenSecret" not in config:
        written["config"].setdefault(f"{PREFIX}hfToken", secret)
    (folder / file.name).write_text(yaml.safe_dump(written, sort_keys=False, allow_unicode=True), encoding="utf-8")
    return Copy(stack, folder, tuple(unchecked))


def _secrets(config: Config) -> Iterator[str]:
    names = sorted(key.removeprefix(PREFIX) for key, value in config.items() if _holds_secret(value))
    if names:
        yield f"the values of {', '.join(names)}: stand-ins are in their place, and nothing was decrypted"


def _holds_secret(value: Any) -> bool:
    match value:
        case {"secure": _}:
            return True
        case dict():
            return any(map(_holds_secret, value.values()))
        case list():
            return any(map(_holds_secret, value))
        case _:
            return False


def _replaced(value: Any, secret: Mapping[str, str]) -> Any:
    match value:
        case {"secure": _}:
            return dict(secret)
        case dict():
            return {key: _replaced(item, secret) for key, item in value.items()}
        case list():
            return [_replaced(item, secret) for item in value]
        case _:
            return value


def _charts(config: Config) -> Iterator[str]:
    """Replace charts from elsewhere, and a platform that is not installed by the stack, so that nothing outside is
    needed."""
    platform = dict(config.get(f"{PREFIX}platform") or {})
    theirs = str(platform.get("charts") or "NVIDIA's repository")
    charts = paths.charts_of(_version(config))
    if platform.get("install") is False:
        yield f"that the platform is there (platform.install: false): the preview installs that of {charts}"
    elif "charts" not in platform or "://" in theirs:
        yield f"the charts of {theirs}: those of {charts} are in their place"
    else:
        return
    config[f"{PREFIX}platform"] = {**platform, "install": True, "charts": charts}


def _image(config: Config) -> Iterator[str]:
    """Replace the digest of an image's tag by a stand-in, so that the preview is the same at any place and time."""
    image = config.get(f"{PREFIX}image")
    if not isinstance(image, dict) or image.get("resolveDigest") is not True:
        return
    published = release(_version(config)).runtime_image(_framework(config))
    named = image.get("reference") or image.get("repository") or published
    name = ImageReference.parse(str(named)).name
    yield f"the digest that the registry has for image {name}: a stand-in is in its place"
    kept = {key: value for key, value in image.items() if key in ("registry", "pullSecret")}
    config[f"{PREFIX}image"] = {"source": "existing", "reference": f"{name}@{DIGEST}", **kept}


def _framework(config: Config) -> Framework:
    """Return the engine that the stack names; the default engine if it names none, or an unknown one."""
    named = config.get(f"{PREFIX}backend")
    return Backend(named).value if named in list(Backend) else Backend.SGLANG.value


def _version(config: Config) -> str:
    platform = config.get(f"{PREFIX}platform")
    return str((platform if isinstance(platform, dict) else {}).get("version", DYNAMO))


def _environment(content: Config) -> Iterator[str]:
    if content.get("environment"):
        yield "what the stack imports from Pulumi ESC (`environment:`)"
