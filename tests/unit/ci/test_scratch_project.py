"""The copy of the project for `make preview`: what is replaced in it, and that it is said."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from ci.scratch_project import copy_project
from sim import paths
from sim.errors import SimError

SIM = yaml.safe_load((paths.PROJECT / "Pulumi.sim.yaml").read_text())
STANDIN = SIM["config"]["dynamo-wideep:hfToken"]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    for name in ("Pulumi.yaml", "Pulumi.sim.yaml"):
        (folder / name).write_text((paths.PROJECT / name).read_text())
    (folder / "shape.json").write_text("{}")
    monkeypatch.setattr(paths, "PROJECT", folder)
    return folder


def copied(project: Path, tmp_path: Path, **content: Any) -> tuple[dict[str, Any], tuple[str, ...]]:
    (project / "Pulumi.try.yaml").write_text(yaml.safe_dump(content))
    (copy,) = copy_project(tmp_path / "copy", ["try"])
    return yaml.safe_load((copy.folder / "Pulumi.try.yaml").read_text()), copy.unchecked


def test_every_secret_is_replaced_however_deep_and_its_key_is_forgotten(project: Path, tmp_path: Path) -> None:
    secret = {"secure": "v1:theirs"}
    config = {"dynamo-wideep:hfToken": secret, "dynamo-wideep:monitoring": {"auth": [{"password": secret}], "port": 1}}
    written, unchecked = copied(
        project, tmp_path, secretsprovider="awskms://x", encryptedkey="theirs", encryptionsalt="theirs", config=config
    )
    assert "theirs" not in str(written)
    assert written["config"]["dynamo-wideep:monitoring"] == {"auth": [{"password": STANDIN}], "port": 1}
    assert set(written) == {"config", "encryptionsalt"}
    assert "the values of hfToken, monitoring: stand-ins are in their place, and nothing was decrypted" in unchecked


def test_a_token_that_is_not_set_is_stood_in_for_unless_a_secret_is_named(project: Path, tmp_path: Path) -> None:
    written, _ = copied(project, tmp_path, config={"dynamo-wideep:model": "x"})
    assert written["config"]["dynamo-wideep:hfToken"] == STANDIN
    written, _ = copied(project, tmp_path / "named", config={"dynamo-wideep:hfTokenSecret": "theirs"})
    assert "dynamo-wideep:hfToken" not in written["config"]


@pytest.mark.parametrize("charts", [None, "oci://registry.example.com/charts", "https://charts.example.com"])
def test_charts_from_elsewhere_are_replaced_and_said(project: Path, tmp_path: Path, charts: str | None) -> None:
    platform = {"version": "0.6.0"} | ({"charts": charts} if charts else {})
    written, unchecked = copied(project, tmp_path, config={"dynamo-wideep:platform": platform})
    expected = {"version": "0.6.0", "install": True, "charts": "sim/charts"}
    assert written["config"]["dynamo-wideep:platform"] == expected
    assert any((charts or "NVIDIA's repository") in sentence for sentence in unchecked)


def test_a_platform_that_should_be_there_is_stood_in_for_and_said(project: Path, tmp_path: Path) -> None:
    written, unchecked = copied(project, tmp_path, config={"dynamo-wideep:platform": {"install": False}})
    assert written["config"]["dynamo-wideep:platform"] == {"install": True, "charts": "sim/charts/1.6.1"}
    assert unchecked == (
        "that the platform is there (platform.install: false): the preview installs that of sim/charts/1.6.1",
    )


@pytest.mark.parametrize(
    ("image", "name"),
    [
        ({"source": "published"}, "nvcr.io/nvidia/ai-dynamo/sglang-runtime"),
        ({"source": "published", "repository": "mirror.example.com:5000/sglang"}, "mirror.example.com:5000/sglang"),
        ({"source": "existing", "reference": "r.example.com/d:1", "pullSecret": "mine"}, "r.example.com/d"),
    ],
)
def test_no_registry_is_asked_for_a_digest_and_that_is_said(
    project: Path, tmp_path: Path, image: dict[str, str], name: str
) -> None:
    config = {"dynamo-wideep:image": image, "dynamo-wideep:platform": {"charts": "mine"}}
    written, unchecked = copied(project, tmp_path, config=config)
    assert (written["config"]["dynamo-wideep:image"], unchecked) == (image, ())

    asks = {"dynamo-wideep:image": {**image, "resolveDigest": True}, "dynamo-wideep:platform": {"charts": "mine"}}
    written, unchecked = copied(project, tmp_path / "asks", config=asks)
    found = written["config"]["dynamo-wideep:image"]
    assert (found["source"], found["reference"]) == ("existing", f"{name}@sha256:{'0' * 64}")
    assert found.get("pullSecret") == image.get("pullSecret")
    assert unchecked == (f"the digest that the registry has for image {name}: a stand-in is in its place",)


def test_a_stack_may_be_named_with_its_organization_as_a_job_names_it(project: Path, tmp_path: Path) -> None:
    (copy,) = copy_project(tmp_path / "copy", ["acme/sim", "sim"])
    assert copy.stack == "sim"


def test_charts_in_a_folder_are_the_stacks_own(project: Path, tmp_path: Path) -> None:
    written, unchecked = copied(project, tmp_path, config={"dynamo-wideep:platform": {"charts": "charts"}})
    assert written["config"]["dynamo-wideep:platform"] == {"charts": "charts"}
    assert unchecked == ()


def test_the_stacks_own_cluster_is_not_asked(project: Path, tmp_path: Path) -> None:
    written, _ = copied(project, tmp_path, config={"kubernetes:context": "prod", "dynamo-wideep:name": "x"})
    assert "kubernetes:context" not in written["config"]


def test_the_checkout_itself_stays_as_it_is_and_its_files_are_found(project: Path, tmp_path: Path) -> None:
    before = {path: path.read_bytes() for path in project.iterdir()}
    copied(project, tmp_path, config={"dynamo-wideep:name": "x"})
    assert {path: path.read_bytes() for path in before} == before
    assert (tmp_path / "copy" / "shape.json").read_text() == "{}"
    assert not (tmp_path / "copy" / "Pulumi.sim.yaml").exists()


@pytest.mark.parametrize(("text", "words"), [("a: [", "is not YAML"), ("a: 1", "has no `config:`"), ("", "no `conf")])
def test_a_file_that_is_no_stacks_is_said(project: Path, tmp_path: Path, text: str, words: str) -> None:
    (project / "Pulumi.try.yaml").write_text(text)
    with pytest.raises(SimError, match=words):
        copy_project(tmp_path / "copy", ["try"])
