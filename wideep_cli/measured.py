"""Throughput bounds of the cluster's measured hardware, beside the data sheet's, for ``wideep plan`` and ``advise``."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Final

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from wideep.burnin.bounds import reach
from wideep.burnin.kept import KeptNode, peaks_of
from wideep.burnin.units import rate
from wideep.catalog import gpu_spec
from wideep.gpus.spec import Peaks
from wideep.graph.refs import graph_name
from wideep.roofline import decode_bound, prefill_bound
from wideep.settings import Settings
from wideep.settings.layout import Role
from wideep.text import some_of
from wideep_cli.connection import connect
from wideep_cli.errors import CallError
from wideep_cli.options import OutputFormat
from wideep_cli.stack_file import StackFile
from wideep_cluster import ClusterError
from wideep_cluster.burnin.keep import kept

if TYPE_CHECKING:
    from wideep_cli.advise.comparison import Advice
    from wideep_cli.advise.prediction import Prediction
    from wideep_cli.advise.question import Question

__all__ = ["MeasuredShare", "advised_nodes", "measured_lines", "measured_nodes", "with_measured", "with_share"]

TITLE: Final = "What the measured hardware allows"
FIGURES: Final = {"memory": "hbm", "bf16": "bf16", "fp8": "fp8", "NVLink": "nvlink", "RDMA": "rdma"}


def measured_nodes(source: StackFile, settings: Settings) -> tuple[KeptNode, ...]:
    """Return the burn-in figures that are kept on the stack's cluster, for the nodes that have the stack's GPU.

    Raises:
        CallError: there is no usable kubeconfig.
        ClusterError: the cluster does not answer, or none of its nodes with this GPU was measured.
    """
    gpu, name, namespace = settings.hardware.gpu, graph_name(settings), settings.namespace
    found = kept(connect(source), namespace, name)
    spec = gpu_spec(gpu)
    nodes = tuple(n for n in found if n.gpus and all(spec.is_product(g.name.replace(" ", "-")) for g in n.gpus))
    if not nodes:
        what = f"No {gpu} was measured for {name} in namespace {namespace}."
        raise ClusterError(f"{what}\n  Run wideep burnin, or pulumi up with burnin: {{enabled: true}}, and ask again.")
    return nodes


def measured_lines(settings: Settings, nodes: tuple[KeptNode, ...]) -> list[str]:
    """Return the report's lines: the measured figures as shares of the data sheet, and what they allow each role."""
    sheet = gpu_spec(settings.hardware.gpu).peaks
    if sheet is None:
        return [f"The peaks of {settings.hardware.gpu} are not published."]
    since = min(node.when for node in nodes)[:10]
    shown = ", ".join(_figures(nodes, sheet))
    which = f"{len(nodes)} nodes ({some_of(node.node for node in nodes)}; the oldest figure is of {since})"
    return [f"The slowest GPU and link of {which}: {shown}.", *(str(each) for each in reach(settings, nodes))]


def _figures(nodes: Iterable[KeptNode], sheet: Peaks) -> Iterator[str]:
    found = peaks_of(nodes, sheet)
    for name, key in FIGURES.items():
        value, peak = getattr(found, key), getattr(sheet, key)
        if value != peak:
            yield f"{name} {rate(name, value)}, {value / peak:.2f} of the data sheet"


def with_measured(
    report: RenderableType, settings: Settings, nodes: tuple[KeptNode, ...], output: OutputFormat
) -> RenderableType:
    """Return the plan's report with the bounds of the measured hardware added, in the same output format."""
    if output is OutputFormat.JSON:
        measured = {
            "nodes": [node.model_dump(exclude_none=True) for node in nodes],
            "bounds": [asdict(each) for each in reach(settings, nodes)],
        }
        return json.dumps({**json.loads(str(report)), "measured": measured}, indent=2, ensure_ascii=False)
    lines = measured_lines(settings, nodes)
    if output is OutputFormat.MARKDOWN:
        return f"{report}\n**{TITLE}**\n" + "".join(f"\n- {line}" for line in lines) + "\n"
    block = [Text(f"\n{TITLE}", style="bold"), *(Padding(Text(line), (0, 0, 0, 2)) for line in lines)]
    return Group(report, *block)


@dataclass(frozen=True)
class MeasuredShare:
    """Output tokens/s per GPU of the best layout: predicted, and the bounds of measured hardware and data sheet."""

    predicted: float
    measured: float
    sheet: float
    nodes: tuple[str, ...]

    def __str__(self) -> str:
        return (
            f"Measured on {len(self.nodes)} nodes ({some_of(self.nodes)}), the slowest GPU and link allow the best "
            f"layout at most {self.measured:,.0f} tokens/s per GPU, {self.measured / self.sheet:.2f} of the data "
            f"sheet's {self.sheet:,.0f}; the prediction is {self.predicted / self.measured:.2f} of that."
        )


def advised_nodes(question: Question) -> tuple[KeptNode, ...]:
    """Return the burn-in figures that are kept on the cluster of the stack in question.

    Raises:
        CallError: no stack is named, or decode has GPUs of another kind.
        ClusterError: as in ``measured_nodes``.
    """
    if question.source is None or question.stack is None:
        raise CallError("--measured asks the cluster of a stack.", "Name it: --stack NAME or --file FILE.")
    hardware = question.hardware[Role.PREFILL]
    if question.mixed or hardware.gpu != question.stack.hardware.gpu:
        raise CallError("--measured has figures of the stack's own GPUs.", "Leave out --gpu and --decode-gpu.")
    return measured_nodes(question.source, question.stack)


def with_share(
    report: RenderableType, advice: Advice, nodes: tuple[KeptNode, ...], output: OutputFormat
) -> RenderableType:
    """Return the advice's report with the share of the measured hardware that the best layout reaches; unchanged if
    there is no layout, or the GPU's peaks are not published."""
    question = advice.question
    sheet = gpu_spec(question.hardware[Role.PREFILL].gpu).peaks
    if sheet is None or not advice.best:
        return report
    share = measured_share(advice.best[0], question, peaks_of(nodes, sheet), nodes)
    if output is OutputFormat.JSON:
        return json.dumps({**json.loads(str(report)), "measured": asdict(share)}, indent=2, ensure_ascii=False)
    return f"{report}- {share}\n" if output is OutputFormat.MARKDOWN else Group(report, Text(f"\n{share}"))


def measured_share(found: Prediction, question: Question, peaks: Peaks, nodes: Iterable[KeptNode]) -> MeasuredShare:
    """Return the predicted throughput of a layout beside its bounds, at the prediction's own batch sizes."""
    layout, model, traffic = found.layout, question.model, question.traffic
    gpu = question.hardware[Role.PREFILL].gpu
    prefill = prefill_bound(model, gpu, layout.prefill, found.prefill_batch, traffic, measured=peaks)
    decode = decode_bound(model, gpu, layout.decode, found.decode_batch, traffic, measured=peaks)
    requests = min(
        layout.prefill.replicas * prefill.requests_per_second, layout.decode.replicas * decode.requests_per_second
    )
    return MeasuredShare(
        predicted=found.tokens_per_second_per_gpu,
        measured=requests * traffic.osl / found.gpus,
        sheet=found.bound.tokens_per_second / found.gpus,
        nodes=tuple(node.node for node in nodes),
    )
