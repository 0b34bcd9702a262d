"""The process in which the engine runs dynamic providers: each preview starts it, and waits for it."""

from __future__ import annotations

import json
import sys

from tests.support.process import run

HEAVY = ("kubernetes", "pulumi_kubernetes", "pydantic", "rich", "typer", "wideep.plan", "wideep_cluster.client")
LOAD = """
import importlib, json, pkgutil, sys
import components.dynamic
for each in pkgutil.iter_modules(components.dynamic.__path__, "components.dynamic."):
    importlib.import_module(each.name)
print(json.dumps(sorted(sys.modules)))
"""


def test_a_preview_loads_neither_the_domain_nor_the_kubernetes_client_there() -> None:
    modules = json.loads(run(sys.executable, "-c", LOAD).out)
    assert "components.dynamic.deletion_guard" in modules
    assert [name for name in HEAVY if name in modules] == []
