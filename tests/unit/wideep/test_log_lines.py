"""Dynamo's JSON log lines as text: what looks for a text in a log finds it in both forms."""

from __future__ import annotations

import json

import pytest

from wideep.engines.sglang.log import FORMAT
from wideep.log_lines import readable_line, readable_log
from wideep.symptoms import Place, Symptom, find_symptom, last_words
from wideep_cli.eplb.engine_log import read

TIME = "2026-11-28T12:53:58.430839Z"
PYTHON = (
    f'{{"time":"{TIME}","level":"INFO","target":"log","message":"Request migration disabled (limit: 0)",'
    '"log.file":"/opt/dynamo/frontend/main.py","log.line":381,"log.target":"main.async_main"}'
)
"""Lines of the frontend of 1.6.1, as it wrote them but for the paths."""
RUST = (
    f'{{"time":"{TIME}","level":"INFO","file":"/opt/dynamo/lib/llm/src/http/service/service_v2.rs","line":420,'
    '"target":"dynamo_llm::http::service::service_v2","message":"Starting HTTP(S) service","protocol":"HTTP",'
    '"address":"0.0.0.0:8000"}'
)
NO_MESSAGE = (
    f'{{"time":"{TIME}","level":"ERROR","file":"batch_log_processor.rs","line":537,"target":"opentelemetry_sdk",'
    '"message":"","error":"tcp connect error","name":"BatchLogProcessor.ExportError"}'
)


def engine(message: str) -> str:
    """A line of the engine, as it comes through Dynamo's handler."""
    return json.dumps(
        {
            "time": TIME,
            "level": "ERROR",
            "target": "log",
            "message": message,
            "log.target": "scheduler.run",
        }
    )


@pytest.mark.parametrize(
    ("line", "text"),
    [
        (PYTHON, f"{TIME} INFO main.async_main: Request migration disabled (limit: 0)"),
        (
            RUST,
            f"{TIME} INFO dynamo_llm::http::service::service_v2: Starting HTTP(S) service protocol=HTTP"
            " address=0.0.0.0:8000",
        ),
        (
            NO_MESSAGE,
            f"{TIME} ERROR opentelemetry_sdk: error=tcp connect error name=BatchLogProcessor.ExportError",
        ),
    ],
)
def test_a_json_line_reads_as_the_text_that_dynamo_writes_otherwise(line: str, text: str) -> None:
    assert readable_line(line) == text


@pytest.mark.parametrize(
    "line",
    [
        "",
        "plain text",
        "{not json}",
        '{"figures": [1, 2]}',
        '{"time": 3, "level": "INFO", "target": "log", "message": "a number for a time"}',
        '{"time": "' + TIME + '", "level": "INFO", "target": "log", "mess',
    ],
)
def test_any_other_line_stays_as_it_is(line: str) -> None:
    assert readable_line(line) == line
    assert readable_log(f"{line}\n").rstrip("\n") == line


def test_each_line_of_a_message_with_several_has_its_stamp() -> None:
    log = readable_log(f"{TIME} {engine('Traceback:')}\n{TIME} {engine('a' + chr(10) + 'b')}\n", stamped=True)
    assert [line.split(" ", 1)[0] for line in log.splitlines()] == [TIME] * 3
    assert log.splitlines()[-1] == f"{TIME} b"


def test_a_symptom_is_found_in_either_form() -> None:
    said = "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 4.00 GiB."
    log = readable_log(f"{engine('loading')}\n{engine('Scheduler hit an exception: ' + said)}\n")
    found = find_symptom(log, Place.ENGINE)
    assert found is not None
    assert found.symptom is Symptom.MEMORY
    assert found.line.endswith(said)
    assert last_words(log).endswith(said)


def test_eplb_reads_the_same_of_either_form() -> None:
    lines = [
        "[EPLBManager] system started",
        "[EPLBManager] rebalance start",
        "[EPLBManager] rebalance end time=2.5s",
        "[Expert Balancedness] forward_pass_id=3 current_pass_balancedness=0.75 last_10_average_balancedness=0.7",
    ]
    text = read(lines, FORMAT)
    assert (text.rebalances, text.balancedness) == (1, (0.75,))
    assert read(readable_log("\n".join(map(engine, lines))).splitlines(), FORMAT) == text
