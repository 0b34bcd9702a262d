"""A Unix socket that forwards to a port of this process, so that it can be reached from outside its network."""

import asyncio
import os
import threading
from contextlib import suppress
from pathlib import Path

BLOCK = 1 << 16


def open_door(path: Path, port: int) -> None:
    """Open the socket, for this user only, and serve it in a thread."""
    threading.Thread(target=lambda: asyncio.run(_serve(path, port)), daemon=True).start()


async def _serve(path: Path, port: int) -> None:
    path.unlink(missing_ok=True)

    async def lead(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            to = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            writer.close()  # nothing listens there yet
            return
        await asyncio.gather(_copy(reader, to[1]), _copy(to[0], writer))
        to[1].close()
        writer.close()

    os.umask(0o177)
    server = await asyncio.start_unix_server(lead, path)
    os.umask(0o077)
    await server.serve_forever()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while block := await reader.read(BLOCK):
            writer.write(block)
            await writer.drain()
    with suppress(OSError):
        writer.write_eof()
