"""Ctrl-C reaches what waits, and a refusal its reader: the SDK still is as both need it."""

from __future__ import annotations

import subprocess
import sys

from components.dynamic.cluster_resource import ClusterProvider, Properties

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
    command = [sys.executable, "-c", AS_THE_ENGINE_STARTS_IT + code]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


def test_the_sdks_own_provider_hears_of_ctrl_c_and_answers_as_before() -> None:
    assert run(CANCELLED) == "Empty True\n"


def test_what_a_provider_refuses_is_said_in_its_own_words_alone() -> None:
    assert run(REFUSED) == "UNKNOWN not deleted\nUNKNOWN not made:\n  kubectl get pods\n"
