"""One chat completion through `kubectl port-forward`, as step 5 of the lab does it by hand."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.error import HTTPError, URLError
from urllib.request import ProxyHandler, Request, build_opener

from tenacity import retry, retry_if_exception_type, stop_after_delay, wait_fixed

from sim.state import SimError

_OPENER = build_opener(ProxyHandler({}))  # loopback needs no proxy, whatever http_proxy says
FORWARDING = re.compile(r"Forwarding from 127\.0\.0\.1:(\d+)")


class NotReadyError(SimError):
    """The frontend does not answer yet; `_complete` retries until its time is up."""


def ask(namespace: str, service: str, model: str, question: str, env: dict[str, str]) -> str:
    """Return the model's answer from the frontend behind `service`; raise SimError if there is none within a minute."""
    with port_forward(namespace, service, env) as port:
        return _complete(f"http://127.0.0.1:{port}/v1/chat/completions", model, question)


@contextmanager
def port_forward(namespace: str, service: str, env: dict[str, str]) -> Iterator[int]:
    """Yield a free loopback port that is forwarded to the Service's port 8000 while the block runs."""
    command = ["kubectl", "port-forward", "-n", namespace, f"svc/{service}", ":8000", "--address=127.0.0.1"]
    with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        try:
            said = process.stdout.readline() if process.stdout else ""
            found = FORWARDING.search(said)
            if not found:
                raise SimError(f"`{' '.join(command)}` did not start: {said.strip()}")
            yield int(found[1])
        finally:
            process.terminate()


@retry(retry=retry_if_exception_type(NotReadyError), stop=stop_after_delay(60), wait=wait_fixed(0.5), reraise=True)
def _complete(url: str, model: str, question: str) -> str:
    body = {"model": model, "messages": [{"role": "user", "content": question}], "max_tokens": 100}
    request = Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"})  # noqa: S310 - http, loopback
    try:
        with _OPENER.open(request, timeout=30) as response:
            answer = json.load(response)
    except HTTPError as error:
        raise NotReadyError(f"{url} answers {error.code}: {error.read().decode(errors='replace')[:300]}") from error
    except (URLError, ConnectionError) as error:
        raise NotReadyError(f"{url} does not answer: {error}") from error
    text: str = answer["choices"][0]["message"]["content"]
    if not text.strip():
        raise SimError(f"{url} answered 200 without a word: {json.dumps(answer)[:300]}")
    return text
