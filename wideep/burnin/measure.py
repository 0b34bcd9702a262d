"""Measure a node's GPUs and their links, and print one JSON object per line.

The program runs in the engine's image and needs only what the image has: Python 3.10, PyTorch with NCCL, nvidia-smi.
It changes no setting of the machine. Rates are decimal bytes or operations per second, times are seconds; each is the
median of its repeats, together with the least and the most.

    memory      copy of 2 GiB: 2 × bytes / time, read and write counted
    bf16, fp8   product of two 8192 × 8192 matrices of random numbers: 2 × 8192³ / time
    expert      one expert's first product at decode: tokens × hidden × 2 × width in FP8; several experts in turn, so
                that the weights come from memory and not from the L2 cache; bytes of the weights / time
    send        to one other GPU, while as much comes back and the other GPUs do the same in pairs: bytes / time
    all-to-all  the sizes that DeepEP sends, but sent by NCCL, ten in a CUDA graph: bytes to other GPUs / time
    all-reduce  bus bandwidth, ten in a CUDA graph: 2 × (n − 1) / n × bytes / time
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import timedelta
from functools import partial
from itertools import pairwise
from pathlib import Path

GIB = 2**30
MIB = 2**20
COPY_BYTES = 2 * GIB
EDGE = 8192
SEND_BYTES = 512 * MIB
REDUCE_BYTES = (MIB, 256 * MIB)
DISPATCH_BYTES = 1 + 4 / 128
"""Bytes per value: one of FP8, and one FP32 scale for every 128 values."""
COMBINE_BYTES = 2
EXPERTS = 8
WARM_UP = 5
IN_A_GRAPH = 64
IN_A_ROW = 10
FP8_SINCE = (8, 9)
STEP_SECONDS = 120
ROUND_SECONDS = 40
LEAVE_SECONDS = 5
FIELDS = {
    "index": "gpu",
    "name": "name",
    "uuid": "uuid",
    "driver_version": "driver",
    "memory.total": "memory_mib",
    "ecc.errors.uncorrected.volatile.total": "ecc_uncorrected",
    "ecc.errors.corrected.volatile.total": "ecc_corrected",
    "temperature.gpu": "temperature",
    "power.draw": "watts",
    "power.limit": "watts_limit",
    "clocks.sm": "sm_mhz",
    "clocks.max.sm": "sm_mhz_max",
    "clocks_throttle_reasons.active": "reasons",
    "pcie.link.gen.current": "pcie_generation",
    "pcie.link.width.current": "pcie_width",
}
"""Fields of nvidia-smi, and their names here. Temperatures are degrees Celsius; reasons are bits that say why the clock
is not higher."""
VIA = re.compile(r"(\d+)\[\w+\] -> (\d+)\[\w+\](?: \[\w+\])? via (\S+)")
NETWORK = re.compile(r"(NET/\w+) ?: Using (\[0\].*)")


def parse_args():
    parser = argparse.ArgumentParser(description="Measure a node's GPUs and links.")
    parser.add_argument("--node", default=os.uname().nodename, help="name of this node")
    parser.add_argument(
        "--nodes", default="", help="all nodes of the group, comma-separated, in the same order on each"
    )
    parser.add_argument("--gpus", type=int, default=0, help="GPUs that this node should have")
    parser.add_argument("--worker-nodes", type=int, default=0, help="nodes of the largest worker; 0: all of the group")
    parser.add_argument("--master", default="", help="address and port of the first node's store")
    parser.add_argument("--port", type=int, default=29511, help="port of this node's own store")
    parser.add_argument("--patience", type=int, default=300, help="seconds to wait for the other nodes")
    parser.add_argument("--hidden", type=int, default=7168, help="values of a token")
    parser.add_argument("--width", type=int, default=2048, help="width of an expert")
    parser.add_argument("--topk", type=int, default=8, help="experts of a token")
    parser.add_argument("--decode-tokens", type=int, default=128, help="tokens of a GPU in a decode step")
    parser.add_argument("--prefill-tokens", type=int, default=4096, help="tokens of a GPU in a prefill chunk")
    parser.add_argument("--only", choices=("memory", "compute", "nvlink", "rdma"), help="measure nothing else")
    parser.add_argument("--quick", action="store_true", help="short repeats, and not every pair between nodes")
    asked = parser.parse_args()
    asked.nodes = asked.nodes.split(",") if asked.nodes else [asked.node]
    asked.master = asked.master or f"127.0.0.1:{asked.port}"
    asked.rank = asked.nodes.index(asked.node)
    size = asked.worker_nodes or len(asked.nodes)
    asked.worker = asked.nodes[asked.rank // size * size :][:size]
    return asked


def emit(asked, what, **fields):
    line = json.dumps({"what": what, "node": asked.node, **fields}, separators=(",", ":"))
    os.write(1, (line + "\n").encode())


def spread(values):
    """Return the median of some values, the least and the most."""
    return {"value": statistics.median(values), "least": min(values), "most": max(values)}


# nvidia-smi


def smi(*words):
    """Return the lines that nvidia-smi prints; empty if it fails."""
    try:
        ran = subprocess.run(["nvidia-smi", *words], capture_output=True, text=True, timeout=60, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return []
    return ran.stdout.splitlines() if ran.returncode == 0 else []


def number(cell):
    """Return a cell as a number if it is one: reasons are hexadecimal, and ``[N/A]`` is None."""
    try:
        return int(cell, 16) if cell.startswith("0x") else float(cell)
    except ValueError:
        return None if cell.startswith("[") else cell


def health():
    """Return what nvidia-smi reports for each GPU, by index."""
    found = {}
    for line in smi(f"--query-gpu={','.join(FIELDS)}", "--format=csv,noheader,nounits"):
        cells = [cell.strip() for cell in line.split(",")]
        if len(cells) == len(FIELDS):
            found[int(cells[0])] = dict(zip(FIELDS.values(), map(number, cells), strict=True))
    return found


def links(gpu):
    """Return the number of active NVLinks of a GPU, and the number that it has."""
    lines = [line for line in smi("nvlink", "-s", "-i", str(gpu)) if line.strip().startswith("Link ")]
    return {"nvlinks": sum("GB/s" in line for line in lines), "nvlinks_in_all": len(lines)}


def rdma_ports():
    """Return the ports of the RDMA devices that this container sees."""
    found = []
    for port in sorted(Path("/sys/class/infiniband").glob("*/ports/*")):
        told = {}
        for name in ("state", "rate", "link_layer"):
            try:
                told[name] = (port / name).read_text().strip()
            except OSError:
                told[name] = ""
        found.append({"port": f"{port.parent.parent.name}:{port.name}", **told})
    return found


def visible(asked):
    """Return the numbers of this process's GPUs, as nvidia-smi counts them."""
    chosen = os.environ.get("CUDA_VISIBLE_DEVICES", "")
    if re.fullmatch(r"\d+(,\d+)*", chosen):
        return [int(each) for each in chosen.split(",")]
    return sorted(health())


# One process per GPU


def fork(asked, work, *arguments):
    """Start a process that does some work and exits; an error is printed as a line of its own."""
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        work(asked, *arguments)
        code = 0
    except BaseException as error:  # it is printed, and the process exits
        text = " ".join(str(error).split())[:500]
        emit(asked, "error", step=work.__name__, gpu=arguments[0], message=f"{type(error).__name__}: {text}")
    finally:
        sys.stdout.flush()
        os._exit(code)


def wait_for(children, seconds, watch=None):
    """Wait until all processes have ended, and kill the rest. Return the processes that failed or were killed."""
    end, left, failed = time.monotonic() + seconds, set(children), set()
    while left and time.monotonic() < end:
        for child in list(left):
            done, status = os.waitpid(child, os.WNOHANG)
            if done:
                left.discard(child)
                failed |= {child} if status else set()
        if watch:
            watch()
        time.sleep(0.05)
    for child in left:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    return failed | left


# One GPU by itself


def rates(torch, work, amount, seconds):
    """Return ``amount / time`` of some work, repeated for this many seconds: one value for about every 50 ms."""
    for _ in range(3):
        work()
    repeats, found = 1, []
    end = time.monotonic() + seconds
    while time.monotonic() < end or len(found) < 3:
        taken = timed(torch, work, repeats)
        if taken * repeats < 0.025:
            repeats = max(repeats + 1, int(0.05 / taken))
            continue
        found.append(amount / taken)
    return found


def timed(torch, work, repeats=1):
    """Return the seconds that some work takes on the GPU."""
    start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    start.record()
    for _ in range(repeats):
        work()
    end.record()
    end.synchronize()
    return start.elapsed_time(end) / 1e3 / repeats


def alone(asked, gpu, local, _):
    """Measure one GPU, while its neighbours do the same."""
    import torch

    torch.cuda.set_device(local)
    seconds = 1.0 if asked.quick else 5.0
    if asked.only in (None, "memory"):
        source = torch.empty(COPY_BYTES, dtype=torch.uint8, device="cuda").random_(0, 256)
        target = torch.empty_like(source)
        found = rates(torch, lambda: target.copy_(source), 2 * COPY_BYTES, seconds)
        emit(asked, "memory", gpu=gpu, unit="B/s", **spread(found))
        del source, target
    if asked.only in (None, "compute"):
        products(asked, torch, gpu, seconds)


def products(asked, torch, gpu, seconds):
    """Multiply matrices as prefill does, then one expert's as decode does."""
    torch.manual_seed(0)
    left, right = (torch.randn(EDGE, EDGE, dtype=torch.bfloat16, device="cuda") for _ in range(2))
    first = torch.mm(left, right)
    found = rates(torch, partial(torch.mm, left, right), 2 * EDGE**3, 3 * seconds)
    same = bool(torch.equal(first, torch.mm(left, right)))
    digest = int(first.view(torch.int16).to(torch.int64).sum())
    emit(asked, "bf16", gpu=gpu, unit="FLOP/s", digest=digest, stable=same, **spread(found))
    if torch.cuda.get_device_capability() < FP8_SINCE:
        return
    one = torch.ones((), device="cuda")
    fp8 = torch.float8_e4m3fn

    def product(a, b):
        return torch._scaled_mm(a, b, scale_a=one, scale_b=one, out_dtype=torch.bfloat16, use_fast_accum=True)

    a, b = left.to(fp8), right.to(fp8).t()
    found = rates(torch, partial(product, a, b), 2 * EDGE**3, seconds)
    emit(asked, "fp8", gpu=gpu, unit="FLOP/s", **spread(found))
    del left, right, a, b, first
    expert(asked, torch, gpu, seconds, product)


def expert(asked, torch, gpu, seconds, product):
    """Multiply the tokens of a decode step with one expert's gate and up projection, without launch overhead."""
    fp8 = torch.float8_e4m3fn
    tokens = torch.randn(asked.decode_tokens, asked.hidden, device="cuda").to(fp8)
    weights = [torch.randn(2 * asked.width, asked.hidden, device="cuda").to(fp8).t() for _ in range(EXPERTS)]
    product(tokens, weights[0])
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        for turn in range(IN_A_GRAPH):
            product(tokens, weights[turn % EXPERTS])
    size = asked.hidden * 2 * asked.width
    found = rates(torch, graph.replay, IN_A_GRAPH * size, seconds / 2)
    told = spread(found)
    emit(asked, "expert", gpu=gpu, unit="B/s", seconds=size / told["value"], tokens=asked.decode_tokens, **told)


# Several GPUs


class Group:
    """The processes of a group of GPUs, one per GPU, on one node or on several."""

    def __init__(self, asked, gpu, local, gpus, nodes, name):
        import torch
        import torch.distributed as dist

        self.asked, self.gpu, self.gpus, self.torch, self.dist = asked, gpu, gpus, torch, dist
        torch.cuda.set_device(local)
        self.nodes, self.node = nodes, nodes.index(asked.node)
        self.local, self.size = local, len(self.nodes) * len(gpus)
        self.rank = self.node * len(gpus) + local
        self.log = Path(os.environ["NCCL_DEBUG_FILE"].replace("%p", str(os.getpid())))
        place = asked.master if len(nodes) > 1 else f"127.0.0.1:{asked.port}"
        self.store = dist.PrefixStore(name, connect(place, ROUND_SECONDS))
        dist.init_process_group(
            "nccl", store=self.store, rank=self.rank, world_size=self.size, timeout=timedelta(seconds=ROUND_SECONDS)
        )

    def seconds(self, work, repeats):
        """Return the times of some work that all GPUs of the group repeat at once, back to back."""
        for _ in range(WARM_UP):
            work()
        marks = [self.torch.cuda.Event(enable_timing=True) for _ in range(repeats + 1)]
        marks[0].record()
        for mark in marks[1:]:
            work()
            mark.record()
        self.torch.cuda.synchronize()
        return [start.elapsed_time(end) / 1e3 for start, end in pairwise(marks)]

    def in_a_row(self, work, repeats):
        """Return the times of a collective without the CPU's launch overhead, as in an engine's CUDA graph."""
        work()
        self.torch.cuda.synchronize()
        graph = self.torch.cuda.CUDAGraph()
        with self.torch.cuda.graph(graph, capture_error_mode="thread_local"):
            for _ in range(IN_A_ROW):
                work()
        return [taken / IN_A_ROW for taken in self.seconds(graph.replay, repeats)]

    def place(self, rank):
        """Return the node and the GPU of a rank."""
        node, local = divmod(rank, len(self.gpus))
        return self.nodes[node], self.gpus[local]

    def exchange(self, peer, repeats):
        """Send to one GPU, and receive as much from it."""
        out = self.torch.empty(SEND_BYTES, dtype=self.torch.uint8, device="cuda").random_(0, 256)
        into = self.torch.empty_like(out)

        def work():
            both = [self.dist.P2POp(self.dist.isend, out, peer), self.dist.P2POp(self.dist.irecv, into, peer)]
            for request in self.dist.batch_isend_irecv(both):
                request.wait()

        found = [SEND_BYTES / taken for taken in self.seconds(work, repeats)]
        node, gpu = self.place(peer)
        emit(self.asked, "send", gpu=self.gpu, to_node=node, to_gpu=gpu, unit="B/s", **spread(found))

    def all_to_all(self, name, total, repeats):
        """Send ``total`` bytes, an equal part to each GPU of the group; the GPU's own part stays."""
        part = int(total / self.size) // 16 * 16
        out = self.torch.empty(part * self.size, dtype=self.torch.uint8, device="cuda").random_(0, 256)
        into = self.torch.empty_like(out)
        taken = self.in_a_row(lambda: self.dist.all_to_all_single(into, out), repeats)
        self.told("all-to-all", name, part * self.size, taken, part * (self.size - 1))

    def all_reduce(self, size, repeats):
        """Sum a vector over all GPUs."""
        vector = self.torch.zeros(size // 2, dtype=self.torch.bfloat16, device="cuda")
        taken = self.in_a_row(lambda: self.dist.all_reduce(vector), repeats)
        self.told("all-reduce", f"{size // MIB} MiB", size, taken, 2 * (self.size - 1) / self.size * size)

    def told(self, what, name, size, taken, moved):
        """Emit a collective's figure, once for all its GPUs."""
        if self.rank == 0:
            found = spread([moved / each for each in taken])
            middle = statistics.median(taken)
            emit(self.asked, what, of=name, ranks=self.size, bytes=size, seconds=middle, unit="B/s", **found)

    def transports(self):
        """Emit how NCCL reached each peer, and which network it found, according to NCCL's log."""
        text = self.log.read_text(errors="replace") if self.log.exists() else ""
        ways = {}
        for source, target, via in VIA.findall(text):
            if int(source) == self.rank:
                ways.setdefault(int(target), set()).add(via)
        for target, via in sorted(ways.items()):
            node, gpu = self.place(target)
            emit(self.asked, "transport", gpu=self.gpu, to_node=node, to_gpu=gpu, via=sorted(via))
        network = NETWORK.search(text)
        if network and self.local == 0:
            emit(self.asked, "network", plugin=network[1], using=network[2][:300])

    def leave(self):
        """Wait for the others, which may still read this GPU's memory, for at most LEAVE_SECONDS."""
        self.torch.cuda.synchronize()
        self.store.add("done", 1)
        end = time.monotonic() + LEAVE_SECONDS
        while self.store.add("done", 0) < self.size and time.monotonic() < end:
            time.sleep(0.01)


def connect(place, seconds):
    """Connect to the store through which the processes of a group find each other."""
    from torch.distributed import TCPStore

    host, port = place.rsplit(":", 1)
    return TCPStore(host, int(port), is_master=False, timeout=timedelta(seconds=seconds))


def serve(asked, _):
    """Keep the store alive until the node's program kills this process."""
    from torch.distributed import TCPStore

    store = TCPStore("0.0.0.0", asked.port, is_master=True, wait_for_workers=False)  # noqa: S104 - other nodes connect
    while store:
        time.sleep(60)


def inside(asked, gpu, local, gpus):
    """Measure the links within a node."""
    group = Group(asked, gpu, local, gpus, [asked.node], "inside")
    for turn in turns(len(gpus)):
        peer = partner(local, len(gpus), turn)
        if peer is not None:
            group.exchange(peer, 10)
    collectives(group)


def collectives(group):
    """Measure the collectives of all GPUs of a group."""
    asked, repeats = group.asked, 10 if group.asked.quick else 50
    decode = asked.decode_tokens * asked.topk * asked.hidden
    prefill = asked.prefill_tokens * min(asked.topk, group.size) * asked.hidden
    group.all_to_all("decode dispatch", decode * DISPATCH_BYTES, repeats)
    group.all_to_all("decode combine", decode * COMBINE_BYTES, repeats)
    group.all_to_all("prefill dispatch", prefill * DISPATCH_BYTES, repeats)
    for size in REDUCE_BYTES:
        group.all_reduce(size, repeats)
    group.transports()
    group.leave()


def meet(asked, _):
    """Wait until all nodes have arrived."""
    store = connect(asked.master, asked.patience)
    keys = [f"here/{node}" for node in asked.nodes]
    store.set(f"here/{asked.node}", "1")
    end = time.monotonic() + asked.patience
    while not store.check(keys):
        if time.monotonic() > end:
            missing = [node for node in asked.nodes if not store.check([f"here/{node}"])]
            raise TimeoutError(f"did not come within {asked.patience} s: {', '.join(missing)}")
        time.sleep(0.2)


def across(asked, local, gpus, turn, gap):
    """Return the node, and the local index of the GPU, that a GPU is paired with in a turn; None if the node has no
    partner.

    ``gap`` 0: GPUs with the same local index, whose adapters are on one rail.
    """
    node = partner(asked.rank, len(asked.nodes), turn)
    if node is None:
        return None
    return node, (local + (gap if asked.rank < node else -gap)) % len(gpus)


def between_pairs(asked, gpu, local, gpus, turn, gap):
    """Exchange with a GPU of one other node from adapter to adapter, without a detour over NVLink (PXN)."""
    os.environ["NCCL_PXN_DISABLE"] = "1"
    group = Group(asked, gpu, local, gpus, asked.nodes, f"pairs {turn} {gap}")
    met = across(asked, local, gpus, turn, gap)
    if met:
        group.exchange(met[0] * len(gpus) + met[1], 5)
        group.transports()
    group.leave()


def between_all(asked, gpu, local, gpus):
    """Measure the collectives of a group in the shape of the largest worker, while the other groups do the same."""
    collectives(Group(asked, gpu, local, gpus, asked.worker, f"all {asked.worker[0]}"))


def on_each(asked, gpus, work, seconds, *more, watch=None):
    """Do some work in one process per GPU. Return the GPUs whose process failed or did not end in time."""
    children = {fork(asked, work, gpu, local, gpus, *more): gpu for local, gpu in enumerate(gpus)}
    return sorted(children[child] for child in wait_for(children, seconds, watch))


def turns(count):
    """Return the turns of a round-robin tournament in which each of ``count`` participants meets every other once."""
    return range(count - 1 + count % 2)


def partner(me, count, turn):
    """Return the partner of ``me`` in a turn; None if there is none, because an odd number takes part."""
    even = count + count % 2
    if me == even - 1:
        return turn * (even // 2) % (even - 1)
    other = (turn - me) % (even - 1)
    other = even - 1 if other == me else other
    return other if other < count else None


# The node


def measure_alone(asked, gpus):
    """Measure each GPU by itself, all at once, and watch them meanwhile."""
    peak = {gpu: {"temperature": 0.0, "watts": 0.0, "sm_mhz": [], "reasons": 0} for gpu in gpus}

    def watch():
        for gpu, told in health().items():
            if gpu in peak:
                note(peak[gpu], told)

    failed = on_each(asked, gpus, alone, STEP_SECONDS, watch=watch)
    after = health()
    for gpu in gpus:
        told, seen = after.get(gpu, {}), peak[gpu]
        errors = told.get("ecc_uncorrected")
        clock = statistics.median(seen["sm_mhz"]) if seen["sm_mhz"] else None
        emit(asked, "load", gpu=gpu, ecc_uncorrected=errors, **{**seen, "sm_mhz": clock})
    lost(asked, failed, "alone")


def note(peak, told):
    """Keep the worst values that nvidia-smi reports for a GPU under load. Bit 0 of the reasons means that it is
    idle."""
    for name in ("temperature", "watts"):
        if isinstance(told[name], float):
            peak[name] = max(peak[name], told[name])
    reasons = told["reasons"]
    if isinstance(reasons, int) and not reasons & 1:
        peak["reasons"] |= reasons
        if isinstance(told["sm_mhz"], float):
            peak["sm_mhz"].append(told["sm_mhz"])


def lost(asked, failed, step):
    """Emit which GPUs have no figures for a step."""
    if failed:
        emit(asked, "failed", step=step, gpus=failed)


def measure_between(asked, gpus):
    """Measure the links between the nodes. Each pairing of their GPUs runs in processes of its own, so that a pair that
    hangs stops no other. The nodes of a group have equally many GPUs."""
    if asked.gpus not in (0, len(gpus)) or wait_for([fork(asked, meet, None)], asked.patience + 10):
        lost(asked, gpus, "meet")
        return
    gaps = range(min(2, len(gpus))) if asked.quick else range(len(gpus))
    for turn in turns(len(asked.nodes)):
        for gap in gaps:
            for gpu in on_each(asked, gpus, between_pairs, ROUND_SECONDS, turn, gap):
                met = across(asked, gpus.index(gpu), gpus, turn, gap)
                if met:
                    where = {"to_node": asked.nodes[met[0]], "to_gpu": gpus[met[1]]}
                    emit(asked, "send", gpu=gpu, **where, unit="B/s", value=None)
    if len(asked.worker) > 1:
        lost(asked, on_each(asked, gpus, between_all, STEP_SECONDS), "between_all")


def main():
    asked = parse_args()
    os.environ.setdefault("CUDA_DEVICE_ORDER", "PCI_BUS_ID")
    began, gpus, before = time.monotonic(), visible(asked), health()
    import torch  # before any fork, so that it is loaded once; each process initializes CUDA itself

    nccl = ".".join(str(part) for part in torch.cuda.nccl.version())
    software = {"torch": str(torch.__version__), "cuda": torch.version.cuda, "nccl": nccl}
    wanted = asked.gpus or len(gpus)
    emit(asked, "node", gpus=len(gpus), wanted=wanted, ports=rdma_ports(), quick=asked.quick, **software)
    for gpu in gpus:
        emit(asked, "gpu", **{**before.get(gpu, {}), "gpu": gpu}, **links(gpu))
    folder = tempfile.mkdtemp(prefix="burnin.")
    os.environ |= {"NCCL_DEBUG": "INFO", "NCCL_DEBUG_SUBSYS": "INIT,NET,P2P", "NCCL_DEBUG_FILE": f"{folder}/%p"}
    store = fork(asked, serve, None)
    try:
        if asked.only in (None, "memory", "compute"):
            measure_alone(asked, gpus)
        if asked.only in (None, "nvlink") and len(gpus) > 1:
            lost(asked, on_each(asked, gpus, inside, STEP_SECONDS), "inside")
        if asked.only in (None, "rdma") and len(asked.nodes) > 1:
            measure_between(asked, gpus)
    finally:
        os.kill(store, signal.SIGKILL)
        os.waitpid(store, 0)
        shutil.rmtree(folder, ignore_errors=True)
    emit(asked, "done", seconds=round(time.monotonic() - began, 1))


if __name__ == "__main__":
    main()
