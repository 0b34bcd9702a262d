"""Stand-in for the pulumi-docker-build plugin, version 0.0.22: the resource `Image`.

It does not build the 20 GB image. It pushes a real image with one tiny layer, whose labels record the request: context,
Dockerfile, build arguments, platforms. Its digest comes from the registry, and is the same for the same inputs.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
import tarfile
import tempfile
from pathlib import Path
from typing import Any, Final

from google.protobuf import empty_pb2
from pulumi.runtime.proto import provider_pb2

from sim.faults import store
from sim.pulumi_plugins import values
from sim.pulumi_plugins.images import Reference, Registry, RegistryError, parse
from sim.pulumi_plugins.server import CancelledError, Level, PluginError, ProviderBase

Diff = provider_pb2.DiffResponse
Change = provider_pb2.PropertyDiff

IMAGE: Final = "docker-build:index:Image"
OUTPUTS: Final = ("contextHash", "digest", "ref")
LABEL: Final = "sim.dynamo-wideep/"
DURATION: Final = 2.0  # seconds that all steps of a build take together
STEPS: Final = (
    "load build definition",
    "load remote context",
    "load base image metadata",
    "install NVSHMEM",
    "compile DeepEP",
    "install SGLang",
    "install Dynamo",
    "export layers",
)
SLOW: Final = 60.0  # seconds that one step takes under the fault build-slow
FAILING: Final = 5  # the step that fails under the fault build-fails
EXIT: Final = "exit code: 1"
COMPILER: Final = (
    *(f"[{file}/24] nvcc -arch=sm_90 -c csrc/kernels/part_{file}.cu" for file in range(1, 23)),
    'csrc/kernels/internode_ll.cu(214): error: identifier "nvshmemi_ibgda_put_nbi_warp" is undefined',
    '1 error detected in the compilation of "csrc/kernels/internode_ll.cu".',
    "ninja: build stopped: subcommand failed.",
)


class Provider(ProviderBase):
    """The docker-build provider."""

    name, version = "docker-build", "v0.0.22"

    def check(self, request: provider_pb2.CheckRequest) -> provider_pb2.CheckResponse:
        """Complete the inputs as the real plugin does, and refuse a build that could not start."""
        if request.type != IMAGE:
            raise PluginError(f"the simulated docker-build plugin has no resource {request.type}")
        inputs = values.decode(request.news)
        inputs.setdefault("network", "default")
        if secrets := inputs.get("secrets"):
            inputs["secrets"] = secrets if isinstance(secrets, values.Secret) else values.Secret(secrets)
        failures = [
            provider_pb2.CheckFailure(property=where, reason=reason)
            for where, reason in _problems(values.reveal(inputs))
        ]
        return provider_pb2.CheckResponse(inputs=values.encode(inputs), failures=failures)

    def diff(self, request: provider_pb2.DiffRequest) -> provider_pb2.DiffResponse:
        """Return which inputs changed. Each change is an update that builds and pushes again; a new password is
        none."""
        old = values.reveal(values.decode(request.olds))
        new = values.reveal(values.decode(request.news))
        changed = [
            key
            for key in sorted((old.keys() | new.keys()) - {*OUTPUTS, "registries"})
            if old.get(key) != new.get(key) and key not in request.ignoreChanges
        ]
        if _accounts(old) != _accounts(new):
            changed.append("registries")
        always = new.get("pull") is True and (new.get("push") or new.get("exports"))
        if always or _context_hash(new) != old.get("contextHash"):
            changed.append("contextHash")
        return Diff(
            changes=Diff.DIFF_SOME if changed else Diff.DIFF_NONE,
            diffs=changed,
            detailedDiff={key: Change(kind=Change.Kind.UPDATE) for key in changed},
            hasDetailedDiff=True,
        )

    def create(self, request: provider_pb2.CreateRequest) -> provider_pb2.CreateResponse:
        """Build and push; in a preview all outputs are unknown."""
        inputs = values.decode(request.properties)
        if request.preview:
            return provider_pb2.CreateResponse(properties=values.encode(_preview(inputs)))
        state = self._build(request.urn, inputs)
        return provider_pb2.CreateResponse(id=state["digest"] or request.name, properties=values.encode(state))

    def update(self, request: provider_pb2.UpdateRequest) -> provider_pb2.UpdateResponse:
        """Build and push again; the previous image stays in the registry."""
        inputs = values.decode(request.news)
        state = _preview(inputs) if request.preview else self._build(request.urn, inputs)
        return provider_pb2.UpdateResponse(properties=values.encode(state))

    def read(self, request: provider_pb2.ReadRequest) -> provider_pb2.ReadResponse:
        """Check whether the tags are still in the registry; an image without any of them is gone."""
        state = values.decode(request.properties)
        kept = provider_pb2.ReadResponse(id=request.id, properties=request.properties, inputs=request.inputs)
        tags, registry = values.reveal(state.get("tags") or []), Registry.of_cluster()
        if not state.get("push") or not tags:
            return kept
        for tag in tags:
            found = registry.locate(_digested(tag, str(state["digest"])))
            try:
                if found and registry.crane(self.cancelled, "manifest", str(found)):
                    return kept
            except RegistryError as error:
                self.engine.log(Level.WARNING, str(error), request.urn)
                if not re.search(r"MANIFEST_UNKNOWN|NAME_UNKNOWN|404", str(error)):
                    return kept
        return provider_pb2.ReadResponse()

    def delete(self, request: provider_pb2.DeleteRequest) -> empty_pb2.Empty:
        """Delete what was pushed from the registry; a failure to do so does not keep the resource."""
        state, registry = values.reveal(values.decode(request.properties)), Registry.of_cluster()
        for tag in state.get("tags") or []:
            found = registry.locate(_digested(tag, state["digest"])) if state.get("digest") else None
            if found:
                try:
                    self._delete(registry, f"{found.host}/{found.repository}", found)
                except RegistryError as error:
                    self.engine.log(Level.INFO, f"{tag} stays in the registry: {error}", request.urn)
        return empty_pb2.Empty()

    def _delete(self, registry: Registry, repository: str, image: Reference) -> None:
        """Delete an image by its digest, and its tag first if it points to the image: other registries drop the tag
        along with the digest, crane's does not."""
        tagged = f"{repository}:{image.tag}"
        if registry.crane(self.cancelled, "digest", tagged) == image.digest:
            registry.crane(self.cancelled, "delete", tagged)
        registry.crane(self.cancelled, "delete", f"{repository}@{image.digest}")

    def _build(self, urn: str, inputs: values.Properties) -> values.Properties:
        """Run the steps of a build, push the image, and return the resource's state."""
        plain = values.reveal(inputs)
        tags: list[str] = plain.get("tags") or []
        self._steps(urn, "".join(tags[:1]))
        digest = ref = ""
        if plain.get("push"):
            if not tags:
                raise PluginError("tag is needed when pushing to registry")
            registry = Registry.of_cluster()
            for tag in tags:
                self.engine.status(urn, f"pushing {tag}")
                digest = self._push(registry, parse(tag), plain)
            self.engine.status(urn, "")
            ref = str(_digested(tags[0], digest))
        return {**inputs, "contextHash": _context_hash(plain), "digest": digest, "ref": ref or (tags or [""])[0]}

    def _steps(self, urn: str, tag: str) -> None:
        """Run the steps of a build. If one fails, its whole log stays on the screen, as with the real plugin."""
        log: list[str] = []
        for number, step in enumerate(STEPS, start=1):
            log.append(f"#{number} [{number}/{len(STEPS)}] {step} (simulated)")
            self.engine.status(urn, log[-1].split(" ", 1)[1])
            seconds = SLOW if store.active("build-slow", tag) and number == len(STEPS) // 2 else DURATION / len(STEPS)
            if self.cancelled.wait(seconds):
                raise CancelledError("context canceled")
            if number == FAILING and store.active("build-fails", tag):
                log += [f"#{number} {second}.1 {line}" for second, line in enumerate(COMPILER)]
                self.engine.log(Level.INFO, "\n".join(log), urn)
                raise PluginError(f'failed to solve: process "/bin/sh -c {step}" did not complete successfully: {EXIT}')

    def _push(self, registry: Registry, image: Reference, plain: dict[str, Any]) -> str:
        """Create the image and push it under one tag; return the resulting digest."""
        name = str(image)
        target = registry.locate(image)
        if target is None:
            raise PluginError(
                f'failed to push {name}: failed to do request: Head "https://{image.host}/v2/{image.repository}/": '
                f"dial tcp: lookup {image.host}: no such host (the simulated docker-build plugin pushes to "
                f"{registry.alias} and to registries on this machine only)"
            )
        if store.active("push-refused", name):
            why = (
                f"POST https://{image.host}/v2/{image.repository}/blobs/uploads/: UNAUTHORIZED: authentication required"
            )
            raise PluginError(f"failed to push {name}: {why}")
        labels = [word for pair in _labels(plain).items() for word in ("--label", "=".join(pair))]
        with tempfile.TemporaryDirectory() as folder:
            layer = Path(folder, "layer.tar")
            layer.write_bytes(_layer(plain))
            try:
                registry.crane(self.cancelled, "append", "--new_layer", str(layer), "--new_tag", str(target))
                registry.crane(self.cancelled, "mutate", str(target), "--tag", str(target), *labels)
                return registry.crane(self.cancelled, "digest", str(target))
            except RegistryError as error:
                raise PluginError(f"failed to push {name}: {error}") from error


def _preview(inputs: values.Properties) -> values.Properties:
    return {**inputs, **dict.fromkeys(OUTPUTS, values.UNKNOWN)}


def _digested(tag: str, digest: str) -> Reference:
    image = parse(tag)
    return Reference(image.host, image.repository, image.tag or "latest", digest)


def _labels(plain: dict[str, Any]) -> dict[str, str]:
    """Return the labels that record the build's request. Build secrets are recorded by name, never by value."""
    asked = {
        "context": (plain.get("context") or {}).get("location", "."),
        "dockerfile": (plain.get("dockerfile") or {}).get("location", ""),
        "build-args": json.dumps(plain.get("buildArgs") or {}, sort_keys=True),
        "platforms": ",".join(plain.get("platforms") or []),
        "target": plain.get("target") or "",
        "secrets": ",".join(sorted(plain.get("secrets") or {})),
    }
    return {**{LABEL + key: value for key, value in asked.items() if value}, **(plain.get("labels") or {})}


def _layer(plain: dict[str, Any]) -> bytes:
    """Return a layer with one small file; the same labels give the same bytes."""
    text = json.dumps(_labels(plain), indent=2, sort_keys=True).encode()
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as tar:
        entry = tarfile.TarInfo("simulated-build.json")
        entry.size = len(text)
        tar.addfile(entry, io.BytesIO(text))
    return made.getvalue()


def _accounts(inputs: dict[str, Any]) -> list[tuple[Any, Any]]:
    return [(registry.get("address"), registry.get("username")) for registry in inputs.get("registries") or []]


def _is_remote(location: str) -> bool:
    return re.match(r"https?://|git://|git@|github\.com/", location) is not None


def _context_hash(inputs: dict[str, Any]) -> str:
    """Return a hash of the build context's local files; a remote context has none."""
    made = hashlib.sha256()
    locations = [(inputs.get(key) or {}).get("location") or "" for key in ("dockerfile", "context")]
    for location in locations:
        path = Path(location)
        if not location or _is_remote(location):
            continue
        files = sorted(file for file in path.rglob("*") if file.is_file()) if path.is_dir() else [path]
        for file in files:
            if file.is_file():
                made.update(file.read_bytes() + str(file.relative_to(path)).encode())
    return made.hexdigest()


def _problems(inputs: dict[str, Any]) -> list[tuple[str, str]]:
    """Return what would keep the build from starting, as (property, reason)."""
    context, dockerfile = ((inputs.get(key) or {}) for key in ("context", "dockerfile"))
    location, found = context.get("location", "."), []
    if values.has_unknown(context) or values.has_unknown(dockerfile):
        return []
    if not _is_remote(location) and not Path(location).is_dir():
        found.append(("context.location", f'"{location}": not a valid directory or URL'))
    if dockerfile.get("location") and dockerfile.get("inline"):
        found.append(("dockerfile", 'only specify "file" or "inline", not both'))
    for index, tag in enumerate(inputs.get("tags") or []):
        if isinstance(tag, str) and not re.fullmatch(r"[\w.:/@-]+", tag):
            found.append((f"tags[{index}]", "invalid reference format"))
    return found
