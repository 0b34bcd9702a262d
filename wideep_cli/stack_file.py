"""A reader for stack files that follows Pulumi's rules without Pulumi: no engine, no backend and no secret is
touched."""

from __future__ import annotations

import difflib
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

import yaml

from wideep.named_file import is_file, is_there, read_named
from wideep_cli.errors import CallError
from wideep_cli.yaml_values import plain_value, resolvers

__all__ = [
    "PROJECT",
    "Project",
    "StackFile",
    "config_yaml",
    "documents",
    "find_project",
    "project_of",
    "read_stack_file",
    "stack_of",
    "stack_path",
]

PROJECT = "dynamo-wideep"
"""The project's name if there is no Pulumi.yaml, or it gives none."""
MOST_BYTES: Final = 1_000_000
MOST_NODES: Final = 10_000
"""The most bytes and YAML values of a stack file; the largest in this project has 2 kB and 60 values."""
PLAIN: Final = ("bool", "int", "float", "timestamp", "value")
"""YAML types that Pulumi's parser recognizes by other rules than PyYAML."""
UNSET: Final[tuple[object, ...]] = ("", "{}", {})
"""Values of a key that Pulumi.yaml declares but that is not set; the program treats them as unset, too."""


@dataclass(frozen=True)
class Project:
    """The parts of a Pulumi.yaml that matter here."""

    name: str
    path: Path | None
    """The path of the Pulumi.yaml; None if there is none."""
    stack_folder: Path
    """The folder of the stack files."""
    defaults: Mapping[str, object]
    """Defaults of config keys (without the project's prefix), for keys that a stack does not set."""
    backend: str | None
    """The URL of the state backend; None if the project does not pin it."""


@dataclass(frozen=True)
class StackFile:
    """A stack's config as written in its file. Secrets stay as they are there: ``{secure: …}``."""

    path: Path
    config: Mapping[str, object]
    """Config values by key, without the project's prefix; keys of other projects (``kubernetes:…``) are left out."""


class _Loader(yaml.SafeLoader):
    """A loader that reads YAML as Pulumi does: duplicate keys are errors, and plain scalars follow ``yaml_values``."""

    yaml_implicit_resolvers = {  # noqa: RUF012 - a class attribute of the base
        first: [(tag, pattern) for tag, pattern in found if tag.rpartition(":")[2] not in PLAIN]
        for first, found in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def construct_plain(self, node: yaml.ScalarNode) -> object:
        """Return the boolean, number or date of a plain scalar."""
        return plain_value(str(node.value))

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[str] = set()
        # A tag may declare a scalar to be a mapping (``!!map 1``), whatever the types say: its value is then a string.
        pairs = cast("list[tuple[yaml.Node, yaml.Node]] | str", node.value)
        for key, _ in () if isinstance(pairs, str) else pairs:
            if isinstance(key, yaml.ScalarNode):
                if key.value in seen:
                    raise yaml.constructor.ConstructorError(None, None, f"{key.value} stands twice", key.start_mark)
                seen.add(key.value)
        return super().construct_mapping(node, deep)

    def construct_object(self, node: yaml.Node, deep: bool = False) -> object:
        """Construct as the base class does, but report a failing tag (``0b_``, ``!!set x``) as an error at its
        place."""
        try:
            return cast(object, super().construct_object(node, deep))  # pyright: ignore[reportUnknownMemberType]
        except (ValueError, LookupError, AttributeError, TypeError, ArithmeticError) as error:
            sort = str(node.tag).rpartition(":")[2]
            problem = f"this value cannot be read as YAML's {sort}"
            raise yaml.constructor.ConstructorError(None, None, problem, node.start_mark) from error


for _tag, _pattern, _letters in resolvers():
    _Loader.add_implicit_resolver(_tag, _pattern, list(_letters))  # pyright: ignore[reportUnknownMemberType]
    _Loader.add_constructor(_tag, _Loader.construct_plain)


def documents(text: str, most_values: int) -> list[object]:
    """Return the content of each document of a YAML text. The values are counted first, because aliases can make a
    short text arbitrarily large.

    Raises:
        yaml.YAMLError: the text is not YAML, or has more than ``most_values`` values with every alias expanded.
    """
    loader, found = _Loader(text), list[object]()
    try:
        while loader.check_node():  # pyright: ignore[reportUnknownMemberType]
            root = cast("yaml.Node", loader.get_node())
            _require_few(root, most_values)
            found.append(cast(object, loader.construct_document(root)))  # pyright: ignore[reportUnknownMemberType]
    except (ValueError, LookupError, AttributeError, TypeError, ArithmeticError) as error:
        raise yaml.YAMLError(f"one of its values is not what its tag says ({type(error).__name__})") from error
    finally:
        loader.dispose()  # pyright: ignore[reportUnknownMemberType]
    return found


def _require_few(root: yaml.Node, most: int) -> None:
    waiting, seen = [root], 0
    while waiting:
        node = waiting.pop()
        seen += 1
        if seen > most:
            problem = f"with all that its aliases stand for, it has more than {most:,} values"
            raise yaml.constructor.ConstructorError(None, None, problem, node.start_mark)
        if isinstance(node, yaml.SequenceNode):
            waiting += node.value
        elif isinstance(node, yaml.MappingNode):
            waiting += [each for pair in node.value for each in pair]


def _load(text: str) -> object:
    """Return the content of the only document of a text; None if the text is empty."""
    found = documents(text, MOST_NODES)
    if len(found) > 1:
        raise yaml.YAMLError("it has several documents")
    return found[0] if found else None


def read_yaml(path: Path) -> Mapping[str, object]:
    """Return the mapping in a YAML file; an empty file is an empty mapping.

    Raises:
        CallError: the file cannot be read, is not YAML, or holds something other than a mapping.
    """
    try:
        content: object = _load(read_named(path, MOST_BYTES))
    except yaml.MarkedYAMLError as exc:
        mark = exc.problem_mark
        where = f", line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise CallError(f"{path}{where}: {exc.problem}.", "Correct the YAML at that place.") from exc
    except (yaml.YAMLError, UnicodeDecodeError) as exc:
        reason = str(exc).splitlines()[0]
        raise CallError(f"{path} is not a YAML file: {reason}.", "Save it as YAML in UTF-8.") from exc
    except RecursionError as exc:
        raise CallError(f"{path} is nested too deeply.", "A stack's config has a handful of levels.") from exc
    except OSError as exc:
        raise CallError(f"{path} cannot be read: {exc.strerror}.", "Name a stack's file: Pulumi.NAME.yaml.") from exc
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise CallError(f"{path} holds a {type(content).__name__}.", "A stack's file starts with `config:`.")
    return cast(Mapping[str, object], content)


def find_project(folder: Path) -> Project:
    """Return the Pulumi project of a folder: that of its own Pulumi.yaml, or of the nearest one above it.

    Raises:
        CallError: its Pulumi.yaml cannot be read.
    """
    for candidate in (folder, *folder.parents):
        path = candidate / "Pulumi.yaml"
        if is_file(path):
            return _project(path)
    return Project(PROJECT, None, folder, {}, None)


def project_of(path: Path) -> Project:
    """Return the project of a stack file: that of its folder, or of the working directory if the folder has none.

    Raises:
        CallError: its Pulumi.yaml cannot be read.
    """
    project = find_project(path.resolve().parent)
    return project if project.path else find_project(Path.cwd())


def _project(path: Path) -> Project:
    content = read_yaml(path)
    name = str(content.get("name") or PROJECT)
    backend = content.get("backend")
    url = cast(Mapping[str, object], backend).get("url") if isinstance(backend, dict) else None
    folder = path.parent / str(content.get("stackConfigDir") or ".")
    return Project(name, path, folder, _defaults(content.get("config"), name), str(url) if url else None)


def _defaults(declared: object, project: str) -> dict[str, object]:
    """Return the ``default`` or ``value`` of each config key that a Pulumi.yaml declares."""
    if not isinstance(declared, dict):
        return {}
    defaults: dict[str, object] = {}
    for key, schema in cast(dict[str, object], declared).items():
        short = key.removeprefix(f"{project}:")
        if ":" in short:
            continue
        if not isinstance(schema, dict):
            defaults[short] = schema
            continue
        fields = cast(dict[str, object], schema)
        for field in ("default", "value"):
            if field in fields:
                defaults[short] = fields[field]
    return defaults


def stack_path(project: Project, stack: str) -> Path:
    """Return the path of a stack's file, given the stack's name (with or without its organization).

    Raises:
        CallError: there is no such file; the message lists the nearest names.
    """
    name = stack.split("/")[-1]
    path = project.stack_folder / f"Pulumi.{name}.yaml"
    if is_file(path):
        return path
    raise CallError(
        f"There is no stack {name!r}: {path.name} does not exist in {project.stack_folder}.",
        _nearest(name, [stack_of(file) for file in sorted(project.stack_folder.glob("Pulumi.*.yaml"))], "--stack "),
    )


def read_stack_file(path: Path, project: Project | None = None) -> StackFile:
    """Read the config of a stack file on top of the project's defaults (of ``project_of``, unless a project is given).

    Raises:
        CallError: the file does not exist, is not a stack file or sets nothing.
    """
    if not is_file(path):
        if is_there(path):
            raise CallError(f"{path} is not a regular file.", "Name a stack's file: Pulumi.NAME.yaml.")
        names = [str(file) for file in sorted(path.parent.glob("Pulumi.*.yaml"))]
        raise CallError(f"{path} does not exist.", _nearest(str(path), names, "--file "))
    project = project or project_of(path)
    content = read_yaml(path)
    config: object = content.get("config") or {}
    if not isinstance(config, dict):
        raise CallError(f"{path}: `config` holds a {type(config).__name__}.", f"Write `config:`, then {PROJECT}:KEY: …")
    if "config" not in content and any(":" in str(key) for key in content):
        raise CallError(f"{path} has config keys, but no `config:` above them.", "Indent them under `config:`.")
    everything = {**project.defaults, **_own_keys(cast(dict[object, object], config), project.name)}
    known = {key: value for key, value in everything.items() if value not in UNSET}
    if not known:
        others = sorted({str(key).partition(":")[0] for key in cast(dict[object, object], config)})
        there = f"; its keys are of {', '.join(others)}" if others else ""
        raise CallError(f"{path} has no key of {project.name} under `config:`{there}.", _first_config(project.name))
    return StackFile(path, known)


def _own_keys(config: Mapping[object, object], project: str) -> dict[str, object]:
    """Return the project's own keys. As in Pulumi, a key may lack the project, and ``config:`` may precede its name."""
    own: dict[str, object] = {}
    for key, value in config.items():
        of, _, name = str(key).rpartition(":")
        if of in ("", project, f"{project}:config"):
            own[name] = value
    return own


def _first_config(project: str) -> str:
    """Return the advice that shows the first config of a new stack."""
    from wideep.settings.problems import EXAMPLES

    keys = [f"  {project}:{example}" for key, example in EXAMPLES.items() if key != "image"]
    return "\n  ".join(["Write for example (docs/configuration.md has every key):", "config:", *keys])


def stack_of(path: Path) -> str:
    """Return the name of the stack that a file belongs to."""
    return path.name.removeprefix("Pulumi.").removesuffix(".yaml")


class _Dumper(yaml.SafeDumper):
    """A dumper that writes a list of plain values on one line: a list of CUDA graph batch sizes can have fifty."""

    def represent_list(self, data: Iterable[object]) -> yaml.SequenceNode:
        items = list(data)
        flow = not any(isinstance(item, Mapping | list | tuple) for item in items)
        return self.represent_sequence("tag:yaml.org,2002:seq", items, flow_style=flow)


_Dumper.add_representer(list, _Dumper.represent_list)


def config_yaml(config: Mapping[str, object], project: str, width: int = 110) -> str:
    """Return a config as the lines under ``config:``, one for each key; only ``layout`` is a nested block."""
    parts = (
        yaml.dump(
            {f"{project or PROJECT}:{key}": value},
            Dumper=_Dumper,
            sort_keys=False,
            default_flow_style=None if isinstance(value, Mapping) and key != "layout" else False,
            width=width,
            allow_unicode=True,
        )
        for key, value in config.items()
    )
    return "".join(parts)


def _nearest(name: str, names: list[str], before: str) -> str:
    near = difflib.get_close_matches(name, names, n=3, cutoff=0.5) or names[:6]
    if not near:
        return "Make one with `pulumi stack init NAME`, or name a file with --file."
    return "Try " + " or ".join(f"{before}{candidate}" for candidate in near) + "."
