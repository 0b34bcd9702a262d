"""The verbs of ``wideep`` and their lines in ``wideep --help``. A verb's module is imported when the verb is called.

``wideep --help`` draws its page itself, because typer's own help needs rich, Markdown and Pygments, whose import takes
longer than everything else.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from types import MappingProxyType
from typing import Any, Final

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from wideep_cli.console import handle_errors
from wideep_cli.help_page import help_page

__all__ = ["STYLE", "VERBS", "VerbGroup"]

STYLE: Final[dict[str, Any]] = {
    "rich_markup_mode": "rich",
    "pretty_exceptions_enable": False,
    "context_settings": {"help_option_names": ["-h", "--help"]},
}
VERBS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "plan": "Show a stack's plan: roles, GPU memory, engine arguments, what it takes. "
        "Only --measured needs a cluster.",
        "layouts": "List the presets, or all valid layouts for a number of GPUs, with memory and KV cache per GPU.",
        "models": "List the catalog's models: experts, size of the weights, and the engines and presets that run each.",
        "import": "Turn a launch command of SGLang or vLLM into a stack file, and say what became of each flag.",
        "advise": "Find the layout with the highest throughput on given GPUs within latency limits. "
        "Needs `make setup-advise`.",
        "status": "Show the graph: pods by role, what each waits for, registered workers, latencies. "
        "Exit code 0 if ready.",
        "top": "Show requests, tokens, latencies, KV cache and ranks from the pods' metrics, live. "
        "Exit code 1: no frontend.",
        "logs": "Show logs by role, pods side by side, each line with its worker and rank. Exit code 1: no line.",
        "smoke": "Send a chat completion through a port-forward and check the answer.",
        "gpus": "Show memory and utilization of every worker's GPUs (nvidia-smi in the pods) "
        "and the plan's prediction.",
        "eplb": "Check the expert load balancer: rebalances and balancedness from the logs, hot experts if recorded.",
        "network": "Check the workers' network: RDMA ports, reachability between a worker's pods, "
        "NCCL and NVSHMEM errors.",
        "bench": "Benchmark the deployed graph with NVIDIA's AIPerf. Needs `make setup-bench`; puts load on the graph.",
        "burnin": "Measure free GPU nodes and their links, one pod per node, and name what is slower than its peers.",
        "doctor": "Check cluster and deployment, before and after `pulumi up`; "
        "name what is wrong and the key to change.",
        "rbac": "Print the Role and ClusterRole that wideep, or with --up Pulumi, needs for a stack. "
        "Read-only without options.",
        "adopt": "Write an import file for the stack's resources that already exist on the cluster, "
        "as after the manual lab. Runs `pulumi preview`, and changes nothing.",
    }
)
"""Each verb with the first paragraph of its docstring, in the order of ``wideep --help``."""


class VerbCommand(TyperCommand):
    """A verb, whose help shows no ``<bool>`` behind an option that takes no value."""

    def get_params(self, ctx: Any) -> list[Any]:
        """Return the verb's parameters and ``--help``."""
        params = super().get_params(ctx)
        for each in params:
            if getattr(each, "is_flag", False):
                each.metavar = ""
        return params


class Commands(Mapping[str, Any]):
    """The verbs' commands by name, each built on access."""

    def __getitem__(self, name: str) -> Any:
        if name not in VERBS:
            raise KeyError(name)
        folder, function = {"import": ("importing", "import_")}.get(name, (name, name))
        module = import_module(f"wideep_cli.{folder}.command")
        one = typer.Typer(add_completion=False, **STYLE)
        one.command(name, cls=VerbCommand, epilog=module.EXAMPLE)(handle_errors(getattr(module, function)))
        return get_command(one)

    def __iter__(self) -> Iterator[str]:
        return iter(VERBS)

    def __len__(self) -> int:
        return len(VERBS)


class VerbGroup(TyperGroup):
    """The ``wideep`` command as a group of verbs."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        self.commands: Any = Commands()

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse the arguments; without any, show the page of ``wideep --help``."""
        return super().parse_args(ctx, args or ["--help"])

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the names of the verbs."""
        return list(VERBS)

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the page of ``wideep --help``."""
        options = {", ".join(option.opts): str(getattr(option, "help", "")) for option in self.get_params(ctx)}
        panels = {"Options": options, "Commands": VERBS}
        formatter.write(help_page(self.get_usage(ctx), self.help or "", panels, self.epilog or ""))
