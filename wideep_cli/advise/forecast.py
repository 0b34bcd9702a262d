"""The forecast for a stack's own layout in ``wideep plan``, if the stack states its traffic."""

from __future__ import annotations

from dataclasses import dataclass

from wideep.engines import engine_of
from wideep.engines.base import Engine
from wideep.settings import Settings
from wideep.settings.layout import Role
from wideep.settings.traffic import Traffic
from wideep.text import shown_rate
from wideep_cli.advise.answers import Answers
from wideep_cli.advise.comparison import Unknown, best_preset, predict_layout, predict_presets
from wideep_cli.advise.extra import HOW, estimator_version
from wideep_cli.advise.prediction import Prediction
from wideep_cli.advise.progress import showing_progress
from wideep_cli.advise.search import best, field_of
from wideep_cli.advise.words import asked_traffic, better, milliseconds_text, share, whole

__all__ = ["Forecast", "forecast", "forecast_facts", "forecast_lines", "forecast_object"]


@dataclass(frozen=True)
class Forecast:
    """The prediction for the stack's layout beside the best one for its GPUs."""

    traffic: Traffic
    version: str
    """Version of the estimator."""
    data: str
    """The engine and its release that were measured."""
    engine: Engine
    """The engine that the stack runs."""
    own: Prediction | Unknown
    best: Prediction | None
    """The best layout for the stack's GPUs; None if no layout meets the limits."""
    preset: tuple[str, Prediction] | None
    """The preset with as many GPUs that serves the most within the limits; None if none meets them."""

    @property
    def rate(self) -> float | None:
        """Output tokens/s per GPU of the stack's layout; None without a prediction."""
        return None if isinstance(self.own, Unknown) else self.own.tokens_per_second_per_gpu


def forecast(settings: Settings, traffic: Traffic) -> Forecast | str:
    """Return the forecast for a traffic, or a sentence that says why there is none."""
    if estimator_version() is None:
        return HOW
    gpu = settings.hardware.gpu
    with Answers(settings.model, traffic, engine_of(settings)) as answers:
        if not answers.known(gpu):
            return answers.unknown(gpu)
        own = predict_layout(settings.model, settings.hardware, settings.layout.roles, answers, traffic)
        with showing_progress() as progress:
            field = field_of(settings.model, dict.fromkeys(Role, settings.hardware), answers, traffic, progress)
        leading = best(field, 1)
        gpus = sum(role.gpus for role in settings.layout.roles.values())
        presets = predict_presets(settings.model, settings.hardware, answers, traffic, gpus)
        return Forecast(
            traffic=traffic,
            version=answers.version,
            data=answers.data(gpu),
            engine=engine_of(settings),
            own=own,
            best=leading[0] if leading else None,
            preset=best_preset(presets, gpus),
        )


def forecast_lines(found: Forecast | str) -> list[str]:
    """Return the forecast in sentences: figures first, then what they rest on."""
    if isinstance(found, str):
        return [found]
    if isinstance(found.own, Unknown):
        return [f"No prediction: {found.own.reason}."]
    own = found.own
    per_gpu = own.bound.tokens_per_second / own.gpus
    lines = [
        f"{asked_traffic(found.traffic)}: {whole(own.tokens_per_second)} tokens/s, "
        f"{shown_rate(own.tokens_per_second_per_gpu)} per GPU; TTFT {milliseconds_text(own.ttft_ms)}, "
        f"ITL {milliseconds_text(own.itl_ms)}; limited by {own.limited_by}."
    ]
    if not own.meets:
        lines.append("A latency limit is exceeded.")
    if found.best and found.best.tokens_per_second_per_gpu > own.tokens_per_second_per_gpu:
        lines.append(
            f"That is {share(own, found.best)} of the {shown_rate(found.best.tokens_per_second_per_gpu)} tokens/s "
            "per GPU of the best layout: `wideep advise` writes it."
        )
        preset = better(found.preset, own, found.best)
        lines += [preset] if preset else []
    lines.append(f"The hardware's peaks allow at most {per_gpu:,.0f} tokens/s per GPU in this layout.")
    told = [caveat.of(found.engine.title) for caveat in own.caveats]
    lines += [f"{text[0].upper()}{text[1:]}." for text in told]
    lines.append(
        f"Predicted by AIConfigurator {found.version} from kernels measured with {found.data}, not "
        f"{found.engine.version}: ratios between layouts are more reliable than absolute figures."
    )
    return lines


def forecast_facts(found: Forecast) -> dict[str, str]:
    """Return the figures by name, for a table; empty without a prediction."""
    own = found.own
    if isinstance(own, Unknown):
        return {}
    facts = {
        "tokens/s": whole(own.tokens_per_second),
        "tokens/s per GPU": str(shown_rate(own.tokens_per_second_per_gpu)),
        "TTFT": milliseconds_text(own.ttft_ms),
        "ITL": milliseconds_text(own.itl_ms),
        "limited by": str(own.limited_by),
        "within the limits": "yes" if own.meets else "no",
    }
    return {**facts, "of the best for these GPUs": share(own, found.best)} if found.best else facts


def forecast_object(found: Forecast | str) -> dict[str, object]:
    """Return the forecast for JSON."""
    from wideep_cli.advise.report_json import prediction_object

    if isinstance(found, str):
        return {"reason": found}
    body: dict[str, object] = {
        "traffic": found.traffic.model_dump(mode="json"),
        "estimator": {"name": "AIConfigurator", "version": found.version, "measured": found.data},
    }
    if isinstance(found.own, Unknown):
        return {**body, "reason": found.own.reason}
    ratio = found.own.tokens_per_second_per_gpu / found.best.tokens_per_second_per_gpu if found.best else None
    return {
        **body,
        **{key: value for key, value in prediction_object(found.own).items() if key != "layout"},
        "share_of_best": round(ratio, 3) if ratio else None,
        "best_preset": found.preset[0] if found.preset else None,
    }
