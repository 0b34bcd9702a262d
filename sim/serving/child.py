"""Runs a program of Dynamo's environment until its parent is gone, as processes end with their container.

    python child.py [--door SOCKET PORT] -m MODULE | FILE  [ARGS]

The parent holds the other end of standard input; when that closes, however the parent died, this process ends at once.
"""

import os
import runpy
import sys
import threading
from pathlib import Path

from door import open_door


def end_with_parent() -> None:
    while os.read(0, 1024):
        continue
    os._exit(1)


def main() -> None:
    threading.Thread(target=end_with_parent, daemon=True).start()
    if sys.argv[1] == "--door":
        open_door(Path(sys.argv[2]), int(sys.argv[3]))
        del sys.argv[1:4]
    if sys.argv[1] == "-m":
        sys.argv = sys.argv[2:]
        runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
    else:
        sys.argv = sys.argv[1:]
        sys.path[0] = os.path.dirname(sys.argv[0])
        runpy.run_path(sys.argv[0], run_name="__main__")


if __name__ == "__main__":
    main()
