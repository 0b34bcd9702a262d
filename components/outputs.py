"""The outputs of `pulumi up`: where the graph is, and the commands that reach it."""

from __future__ import annotations

import json
import shlex

import pulumi

from wideep.plan import Plan

__all__ = ["chat_command", "outputs", "port_forward_command"]

LOCAL_PORT = 8000
QUESTION = "Explain MoE models in one sentence"


def outputs(plan: Plan, namespace: pulumi.Input[str], image: pulumi.Input[str]) -> dict[str, pulumi.Input[object]]:
    """Return the stack's outputs."""
    return {
        "namespace": namespace,
        "model": plan.model,
        "layout": plan.layout_summary,
        "gpus": plan.gpus,
        "nodes": plan.nodes,
        "image": image,
        "frontendService": plan.frontend.service,
        "frontendPort": plan.frontend.port,
        "portForward": port_forward_command(plan),
        "curl": chat_command(plan),
    }


def port_forward_command(plan: Plan) -> str:
    """Return the command that makes the frontend reachable on this machine until it is interrupted."""
    service = f"svc/{plan.frontend.service}"
    return shlex.join(["kubectl", "port-forward", "-n", plan.namespace, service, f"{LOCAL_PORT}:{plan.frontend.port}"])


def chat_command(plan: Plan) -> str:
    """Return the command that asks the model, through the forwarded port, the question of the lab's step 5."""
    body = {"model": plan.model, "messages": [{"role": "user", "content": QUESTION}], "max_tokens": 100}
    url = f"http://localhost:{LOCAL_PORT}/v1/chat/completions"
    return shlex.join(["curl", url, "-H", "Content-Type: application/json", "-d", json.dumps(body)])
