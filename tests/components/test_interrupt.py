"""Ctrl-C reaches what waits, and a refusal its reader: the SDK still is as both need it."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from components.dynamic.cluster_resource import ClusterProvider, Properties
from tests.support import process

AS_THE_ENGINE_STARTS_IT = """
import importlib.util, pathlib, sys
spec = importlib.util.find_spec('pulumi.dynamic.__main__')
text = pathlib.Path(spec.origin).read_text().removesuffix('main()\\n')
exec(compile(text, spec.origin, 'exec'), sys.modules['__main__'].__dict__)
"""
CANCELLED = """
cancel = DynamicResourceProviderServicer().Cancel
from wideep_cluster.cancellation import interruption
told = interruption()
assert not told.is_set()
print(type(cancel(None, None)).__name__, told.is_set())
"""
HOOK = """
import sys
sys.orig_argv = ['python', 'exec', '--monitor', '127.0.0.1:7', '--engine', '127.0.0.1:{0}', 'main']
from wideep_cluster.cancellation import interruption_of_a_hook
import subprocess
with interruption_of_a_hook() as told:
    before = told.is_set()
    subprocess.run([sys.executable, '-c', {1!r}, '127.0.0.1:{0}'], check=True)
    print(before, told.is_set())
"""
PROVIDER = "from wideep_cluster.cancellation import hear; hear()"
REFUSED = """
import asyncio
from pulumi.dynamic.dynamic import serialize_provider
from tests.components.test_interrupt import Refusing
server = grpc.server(futures.ThreadPoolExecutor(1))
provider_pb2_grpc.add_ResourceProviderServicer_to_server(DynamicResourceProviderServicer(), server)
port = server.add_insecure_port('127.0.0.1:0')
server.start()
stub = provider_pb2_grpc.ResourceProviderStub(grpc.insecure_channel(f'127.0.0.1:{port}'))
given = asyncio.run(rpc.serialize_properties({PROVIDER_KEY: serialize_provider(Refusing())}, {}))
for call in (lambda: stub.Delete(proto.DeleteRequest(id='x', properties=given)),
             lambda: stub.Create(proto.CreateRequest(properties=given))):
    try:
        call()
    except grpc.RpcError as error:
        print(error.code().name, error.details())
"""


class Refusing(ClusterProvider):
    """Neither makes nor deletes anything."""

    def create(self, props: Properties) -> None:  # type: ignore[override]
        raise RuntimeError("not made:\n  kubectl get pods")

    def delete(self, _id: str, _props: Properties) -> None:
        raise RuntimeError("not deleted")


def run(code: str) -> str:
    """In a process of its own, in which the SDK's provider is the main module."""
    return process.run(sys.executable, "-c", AS_THE_ENGINE_STARTS_IT + code, fails=None).text


def test_the_sdks_own_provider_hears_of_ctrl_c_and_answers_as_before() -> None:
    assert run(CANCELLED) == "Empty True\n"


def test_a_hook_of_the_program_hears_of_ctrl_c_through_a_provider_of_the_same_engine(tmp_path: Path) -> None:
    def told(hook: int, provider: int) -> str:
        code = HOOK.format(hook, PROVIDER).replace(f"'127.0.0.1:{hook}'], check", f"'127.0.0.1:{provider}'], check")
        return process.run(sys.executable, "-c", code, env=os.environ | {"TMPDIR": str(tmp_path)}).out

    assert told(5001, 5001) == "False True\n"
    assert told(5001, 5002) == "False False\n", "another engine's Ctrl-C"
    assert [file for file in tmp_path.rglob("*") if file.is_file()] == []


def test_what_a_provider_refuses_is_said_in_its_own_words_alone() -> None:
    assert run(REFUSED) == "UNKNOWN not deleted\nUNKNOWN not made:\n  kubectl get pods\n"
