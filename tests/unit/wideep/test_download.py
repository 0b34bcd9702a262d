"""The download Job's script, run by a real shell with stand-ins for pip and hf on its PATH."""

from __future__ import annotations

import os
import re
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.process import Said, run
from wideep.catalog import MODELS
from wideep.download import DELETED_CODE, LASTING_CODE, DownloadPlan, download_plan, model_path
from wideep.settings.services import ModelCache

R1 = MODELS["deepseek-ai/DeepSeek-R1"]
COMMIT = "a" * 40


@dataclass
class Job:
    """The Job's container on this machine: its folder, and what its commands were called with."""

    plan: DownloadPlan
    target: Path
    tools: Path

    def tool(self, name: str, body: str) -> None:
        """Put a command on the container's PATH. It writes its arguments to ``calls`` first."""
        path = self.tools / name
        path.write_text(f'#!/bin/sh\necho "{name} $*" >>"$CALLS"\n{body}\n')
        path.chmod(0o755)

    @property
    def env(self) -> dict[str, str]:
        """The container's."""
        mine = {"PATH": f"{self.tools}:{os.defpath}", "CALLS": str(self.tools / "calls"), "PAUSES": "0 0 0"}
        return self.plan.env | mine

    def run(self, fails: bool = False) -> Said:
        """Run the Job's command once."""
        return run(*self.plan.command, *self.plan.args, env=self.env, seconds=20, fails=fails)

    def start(self) -> subprocess.Popen[str]:
        """Run it, and do not wait."""
        return subprocess.Popen(
            [*self.plan.command, *self.plan.args], env=self.env, stdout=subprocess.PIPE, text=True, encoding="utf-8"
        )

    @property
    def calls(self) -> list[str]:
        """What was called so far."""
        return (self.tools / "calls").read_text().splitlines() if (self.tools / "calls").exists() else []


@pytest.fixture
def job(tmp_path: Path) -> Job:
    """A Job in a container that has hf, which downloads and finds nothing wrong."""
    plan = download_plan(R1, ModelCache(size="1Ti", revision=COMMIT), 688.6e9)
    target, tools = tmp_path / "deepseek-r1" / "aaaaaaaa", tmp_path / "bin"
    tools.mkdir()
    env = {"TARGET": str(target), "REVISIONS": str(target.parent)}
    job = Job(plan.model_copy(update={"env": plan.env | env}), target, tools)
    job.tool("hf", "exit 0")
    return job


def test_it_downloads_the_pinned_revision_checks_it_and_marks_it_complete(job: Job) -> None:
    job.run()

    assert job.calls == [
        f"hf download deepseek-ai/DeepSeek-R1 --revision {COMMIT} --local-dir {job.target} "
        "--exclude original/* --exclude metal/* --exclude consolidated*",
        f"hf cache verify deepseek-ai/DeepSeek-R1 --revision {COMMIT} --local-dir {job.target}",
    ]
    assert (job.target / ".complete").read_text() == f"deepseek-ai/DeepSeek-R1@{COMMIT}"


def test_a_second_run_finds_it_complete_and_calls_nothing(job: Job) -> None:
    job.run()
    before = job.calls

    again = job.run()

    assert "nothing to do" in again.out
    assert job.calls == before


def test_another_revision_is_downloaded_although_the_first_is_complete(job: Job) -> None:
    job.run()
    job.plan = job.plan.model_copy(update={"env": job.plan.env | {"REVISION": "b" * 40}})

    job.run()

    assert (job.target / ".complete").read_text().endswith("b" * 40)


@pytest.fixture
def revised(job: Job) -> Job:
    """The Job of another revision, beside one that is complete with two shards."""
    job.run()
    (job.target / "model-1.safetensors").write_text("shard one")
    (job.target / "model-2.safetensors").write_text("shard two")
    (job.target / "config.json").write_text("old")
    target = job.target.with_name("bbbbbbbb")
    env = {"TARGET": str(target), "REVISION": "b" * 40}
    return Job(job.plan.model_copy(update={"env": job.plan.env | env}), target, job.tools)


def test_a_new_revision_takes_over_the_shards_and_needs_no_room_for_those_that_did_not_change(revised: Job) -> None:
    done = revised.run()

    before = revised.target.with_name("aaaaaaaa")
    shard = revised.target / "model-1.safetensors"
    assert shard.samefile(before / "model-1.safetensors")
    assert not (revised.target / "config.json").exists(), "what is small is downloaded"
    assert f"other revisions on the volume, to be deleted when no graph reads them:\n{before}\n" in done.out


def test_a_shard_that_changed_is_replaced_in_the_new_folder_alone(revised: Job) -> None:
    replace = 'echo new >"$TARGET/part"; mv "$TARGET/part" "$TARGET/model-2.safetensors"'
    revised.tool("hf", f'[ "$1" = download ] || exit 0; {replace}')

    revised.run()

    assert (revised.target / "model-2.safetensors").read_text() == "new\n"
    assert (revised.target.with_name("aaaaaaaa") / "model-2.safetensors").read_text() == "shard two"


def test_pods_that_restart_meanwhile_find_the_old_revision_as_it_was(revised: Job) -> None:
    revised.tool("hf", "exit 3")

    revised.run(fails=True)

    before = revised.target.with_name("aaaaaaaa")
    assert (before / ".complete").exists()
    assert (before / "config.json").read_text() == "old"


def test_going_back_makes_the_old_revision_the_one_that_the_next_takes_over_from(revised: Job) -> None:
    before = revised.target.with_name("aaaaaaaa")
    revised.run()
    os.utime(before / ".complete", (1, 1))
    back = Job(revised.plan.model_copy(update={"env": revised.plan.env | {
        "TARGET": str(before), "REVISION": COMMIT,
    }}), before, revised.tools)  # fmt: skip

    assert "nothing to do" in back.run().out
    newest = max(before.parent.glob("*/.complete"), key=lambda marker: marker.stat().st_mtime)

    assert newest.parent == before


def test_a_volume_without_hard_links_downloads_all_of_it(revised: Job) -> None:
    revised.tool("ln", "exit 1")

    revised.run()

    assert not list(revised.target.glob("*.safetensors"))


def test_two_pods_of_a_node_download_one_after_the_other(job: Job) -> None:
    job.target.mkdir(parents=True)
    job.plan = job.plan.model_copy(update={"env": job.plan.env | {"LOCK": str(job.target / ".lock")}})
    job.tool("hf", "sleep 0.3")
    with ThreadPoolExecutor(2) as pods:
        done = list(pods.map(lambda _: job.run(), range(2)))

    assert sum("nothing to do" in each.out for each in done) == 1


def test_a_download_that_breaks_off_is_tried_again_then_fails_and_leaves_no_mark(job: Job) -> None:
    job.tool("hf", "echo connection lost >&2; exit 3")

    broken = job.run(fails=True)

    assert broken.code == 1
    assert len(job.calls) == broken.err.count("connection lost") == 3
    assert not (job.target / ".complete").exists()


def test_a_download_that_broke_off_once_is_complete_at_the_next_try(job: Job) -> None:
    job.tool("hf", f"[ $(wc -l <{job.tools}/calls) -gt 1 ]")

    done = job.run()

    assert "trying again in 0 s, from where it stopped" in done.out
    assert (job.target / ".complete").exists()


@pytest.mark.parametrize(
    "error",
    [
        "HfHubHTTPError: 401 Client Error: Unauthorized for url: https://huggingface.co/api",
        "403 Client Error. Cannot access gated repo for url https://huggingface.co/x",
        "RepositoryNotFoundError: 404 Client Error.",
        "OSError: [Errno 28] No space left on device",
    ],
)
def test_an_error_that_would_come_again_ends_it_at_once_with_its_words(job: Job, error: str) -> None:
    job.tool("hf", f"echo '{error}' >&2; exit 1")

    failed = job.run(fails=True)

    assert (failed.code, failed.err.strip()) == (LASTING_CODE, error)
    assert len(job.calls) == 1


def test_a_pod_that_is_deleted_ends_at_once_with_its_own_code(job: Job) -> None:
    job.tool("hf", "echo begun; exec sleep 60")
    began = time.monotonic()
    with job.start() as running:
        assert running.stdout
        while "downloading" not in running.stdout.readline():
            pass
        running.terminate()
        assert running.wait(10) == DELETED_CODE
    assert time.monotonic() - began < 10


def test_a_file_with_a_wrong_checksum_fails_and_makes_the_next_try_compare_all_of_them(job: Job) -> None:
    job.tool("hf", 'mkdir -p "$TARGET/.cache" && [ "$1" = download ]')

    wrong = job.run(fails=True)

    assert "the next try fetches it again" in wrong.err
    assert not (job.target / ".cache").exists()
    assert not (job.target / ".complete").exists()


def test_without_hf_in_the_image_it_installs_it_by_hash_and_without_the_token(job: Job) -> None:
    (job.tools / "hf").rename(job.tools / "hf-later")
    keep = f'for last; do :; done; cp "$last" {job.tools}/lock; echo "${{HF_TOKEN-none}}" >{job.tools}/token'
    job.tool("pip", f"{keep}; mv {job.tools}/hf-later {job.tools}/hf")
    job.plan = job.plan.model_copy(update={"env": job.plan.env | {"HF_TOKEN": "not for pip"}})

    job.run()

    assert job.calls[0].startswith("pip install")
    assert "--require-hashes" in job.calls[0]
    packages = (job.tools / "lock").read_text().splitlines()
    assert [line for line in packages if line.startswith("huggingface_hub==")]
    assert all(re.fullmatch(r"[\w.-]+==[\w.]+( --hash=sha256:[0-9a-f]{64})+", line) for line in packages)
    assert (job.tools / "token").read_text() == "none\n"


def test_the_image_that_runs_with_the_token_is_named_by_its_digest() -> None:
    image = download_plan(R1, ModelCache(size="1Ti"), 688.6e9).image
    assert re.search(r"@sha256:[0-9a-f]{64}$", image)


def test_names_with_shell_characters_stay_words(job: Job) -> None:
    job.plan = job.plan.model_copy(update={"env": job.plan.env | {"REVISION": "$(touch oops); 'x'"}})

    job.run()

    assert f"--revision $(touch oops); 'x' --local-dir {job.target}" in job.calls[0]
    assert not Path("oops").exists()


def test_the_deadline_grows_with_the_model() -> None:
    cache = ModelCache(size="1Ti")

    small, large = (download_plan(R1, cache, size).deadline_seconds for size in (61e9, 688.6e9))

    assert 3600 <= small < large
    assert large >= 688.6e9 / 50e6, "a day's work on a slow line must not be cut off halfway"


def test_the_stacks_own_revision_wins_over_the_catalogs() -> None:
    pinned = R1.model_copy(update={"revision": "c" * 40})

    assert download_plan(pinned, ModelCache(size="1Ti"), 1).revision == "c" * 40
    assert download_plan(pinned, ModelCache(size="1Ti", revision=COMMIT), 1).revision == COMMIT
    assert download_plan(R1.model_copy(update={"revision": None}), ModelCache(size="1Ti"), 1).revision == "main"


def test_each_revision_has_its_folder_unless_the_stack_names_one() -> None:
    pinned, branch = ModelCache(size="1Ti", revision="abcdef0123" * 4), ModelCache(size="1Ti", revision="refs/pr/7")
    own = ModelCache(size="1Ti", path="weights/r1")

    assert model_path(R1, pinned) == "/model-cache/deepseek-r1/abcdef01"
    assert model_path(R1, branch) == "/model-cache/deepseek-r1/refs-pr-7"
    assert model_path(R1, own) == "/model-cache/weights/r1"
    assert download_plan(R1, own, 1).env["REVISIONS"] == "", "beside a folder of one's own lies what one has put there"


def test_the_token_is_no_part_of_the_plan() -> None:
    assert "HF_TOKEN" not in download_plan(R1, ModelCache(size="1Ti"), 1).env
