"""The comment on a pull request: one, updated, on GitHub and on GitLab, and a plain sentence when it cannot be."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ci.review.forge import ForgeError, put_comment
from tests.support.forge import Forge, serve

MARK = "<!-- dynamo-wideep: prod -->"
TOKEN = "a-token"


@pytest.fixture
def forge() -> Iterator[Forge]:
    with serve(TOKEN) as running:
        yield running


def github(forge: Forge) -> dict[str, str]:
    names = {"GITHUB_ACTIONS": "true", "GITHUB_REPOSITORY": "team/wideep", "PULL_REQUEST": "7"}
    return names | {"GITHUB_API_URL": forge.url, "GITHUB_TOKEN": TOKEN}


def gitlab(forge: Forge) -> dict[str, str]:
    names = {"GITLAB_CI": "true", "CI_PROJECT_ID": "3", "CI_MERGE_REQUEST_IID": "7"}
    return names | {"CI_API_V4_URL": forge.url, "GITLAB_TOKEN": TOKEN}


@pytest.mark.parametrize("job", [github, gitlab])
def test_the_first_comment_is_new_and_the_next_one_is_written_over_it(forge: Forge, job: object) -> None:
    assert callable(job)
    forge.comments[1] = "a person's"
    assert put_comment(f"{MARK}\nred", MARK, job(forge)) == "written"
    assert put_comment("<!-- dynamo-wideep: dev -->\nother", "<!-- dynamo-wideep: dev -->", job(forge)) == "written"
    assert put_comment(f"{MARK}\ngreen", MARK, job(forge)) == "updated"
    assert list(forge.comments.values()) == ["a person's", f"{MARK}\ngreen", "<!-- dynamo-wideep: dev -->\nother"]


def test_it_is_found_behind_a_hundred_others(forge: Forge) -> None:
    forge.comments.update({number: f"comment {number}" for number in range(130)})
    forge.comments[900] = f"{MARK}\nold"
    assert put_comment(f"{MARK}\nnew", MARK, github(forge)) == "updated"
    assert forge.comments[900] == f"{MARK}\nnew"


def test_a_token_that_may_not_write_is_told_what_it_needs_and_never_shown(forge: Forge) -> None:
    forge.may_write = False
    with pytest.raises(ForgeError, match=r"answered 403; its token needs the right") as error:
        put_comment(MARK, MARK, github(forge))
    assert TOKEN not in str(error.value)


def test_a_forge_that_does_not_answer_is_one_sentence(forge: Forge) -> None:
    with pytest.raises(ForgeError, match=r"^The comment was not written: ConnectionError at http"):
        put_comment(MARK, MARK, github(forge) | {"GITHUB_API_URL": "http://127.0.0.1:1"})


@pytest.mark.parametrize(("env", "words"), [({}, "not a job"), ({"GITHUB_ACTIONS": "true"}, "PULL_REQUEST is not set")])
def test_what_is_missing_is_named(env: dict[str, str], words: str) -> None:
    with pytest.raises(ForgeError, match=words):
        put_comment(MARK, MARK, env)


@pytest.mark.parametrize("job", [github, gitlab])
def test_a_comment_that_an_outsider_began_with_the_mark_stays_theirs(forge: Forge, job: object) -> None:
    assert callable(job)
    forge.comments[666], forge.authors[666] = f"{MARK}\nmine to edit", "outsider"
    assert put_comment(f"{MARK}\nred", MARK, job(forge)) == "written"
    assert put_comment(f"{MARK}\ngreen", MARK, job(forge)) == "updated"
    assert forge.comments[666] == f"{MARK}\nmine to edit"
    assert [body for number, body in forge.comments.items() if number != 666] == [f"{MARK}\ngreen"]
