"""Ctrl-C reaches what waits: the SDK still has the method that gets another body."""

from __future__ import annotations

import subprocess
import sys


def test_the_sdks_own_provider_hears_of_it_and_answers_as_before() -> None:
    """In a process of its own, in which the SDK's provider is the main module, as the engine starts it."""
    code = (
        "import importlib.util, pathlib, sys\n"
        "spec = importlib.util.find_spec('pulumi.dynamic.__main__')\n"
        "text = pathlib.Path(spec.origin).read_text().removesuffix('main()\\n')\n"
        "exec(compile(text, spec.origin, 'exec'), sys.modules['__main__'].__dict__)\n"
        "cancel = DynamicResourceProviderServicer().Cancel\n"
        "from components.interrupt import interruption\n"
        "told = interruption()\n"
        "assert not told.is_set()\n"
        "print(type(cancel(None, None)).__name__, told.is_set())\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout == "Empty True\n", done.stderr
