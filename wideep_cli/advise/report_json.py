"""Advice as JSON. Times are in ms, tokens are output tokens, a GPU is one that the layout uses."""

from __future__ import annotations

import json

from wideep.settings.layout import Role
from wideep_cli.advise.comparison import Advice, Compared, Unknown
from wideep_cli.advise.prediction import Prediction

__all__ = ["advice_json", "prediction_object"]


def advice_json(advice: Advice) -> str:
    """Return the whole advice as JSON."""
    question, field = advice.question, advice.field
    body = {
        "model": question.model.name,
        "hardware": {role: question.hardware[role].model_dump(mode="json", by_alias=True) for role in Role},
        "traffic": question.traffic.model_dump(mode="json"),
        "estimator": {"name": "AIConfigurator", "version": advice.version, "measured": advice.data},
        "best": [_priced(each, question.price) for each in advice.best],
        "presets": [_compared(each, question.price) for each in advice.presets],
        "stack": _compared(advice.stack, question.price) if advice.stack else None,
        "pareto": [_point(each) for each in advice.frontier],
        "searched": {
            "prefill_workers": len(field.prefill),
            "decode_workers": len(field.decode),
            "too_large": field.too_large,
            "unknown": list(field.unknown),
        },
    }
    return json.dumps(body, indent=2, ensure_ascii=False)


def prediction_object(found: Prediction) -> dict[str, object]:
    """Return one layout and its prediction as a JSON object."""
    return {
        "layout": {
            name: role.model_dump(mode="json", by_alias=True, exclude_defaults=True)
            for name, role in found.layout.roles.items()
        },
        "gpus": found.gpus,
        "tokens_per_second": round(found.tokens_per_second, 1),
        "tokens_per_second_per_gpu": round(found.tokens_per_second_per_gpu, 1),
        "tokens_per_second_per_user": round(found.tokens_per_second_per_user, 1),
        "requests_per_second": round(found.requests_per_second, 3),
        "concurrency": found.concurrency,
        "ttft_ms": round(found.ttft_ms, 1),
        "itl_ms": round(found.itl_ms, 1),
        "prefill_batch": found.prefill_batch,
        "decode_batch": found.decode_batch,
        "limited_by": found.limited_by,
        "meets_limits": found.meets,
        "bound": {
            "tokens_per_second_per_gpu": round(found.bound.tokens_per_second / found.gpus, 1),
            "prefill": found.bound.prefill.bound_by,
            "decode": found.bound.decode.bound_by,
        },
        "caveats": list(found.caveats),
    }


def _priced(found: Prediction, price: float | None) -> dict[str, object]:
    cost = {} if price is None else {"price_per_million_tokens": round(found.price(price), 4)}
    return {**prediction_object(found), **cost}


def _compared(each: Compared, price: float | None) -> dict[str, object]:
    if isinstance(each.prediction, Unknown):
        return {"name": each.name, "gpus": each.gpus, "runs": each.prediction.runs, "reason": each.prediction.reason}
    return {"name": each.name, "runs": True, **_priced(each.prediction, price)}


def _point(each: Prediction) -> dict[str, float]:
    return {
        "tokens_per_second_per_user": round(each.tokens_per_second_per_user, 1),
        "tokens_per_second_per_gpu": round(each.tokens_per_second_per_gpu, 1),
    }
