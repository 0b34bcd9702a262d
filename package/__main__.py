"""The Pulumi package `dynamo-wideep`, with the component of components/package_stack.py."""

from __future__ import annotations

import sys
from importlib.metadata import version
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # the engine runs this folder, and the rooms are beside it

if __name__ == "__main__":
    from pulumi.provider import main

    from components.base import PACKAGE
    from components.package_stack import StackProvider

    main(StackProvider(version(PACKAGE)), sys.argv[1:])
