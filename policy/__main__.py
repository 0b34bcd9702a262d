"""The policy pack: `pulumi preview --policy-pack policy`. This module registers the rules of rules.py with Pulumi."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from pulumi_policy import (
    EnforcementLevel,
    PolicyPack,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    StackValidationArgs,
    StackValidationPolicy,
)
from pulumi_policy.proxy import UnknownValueError
from rules import RESOURCE_RULES, STACK_RULES, Rule, StackRule
from subject import UNKNOWN, Resource, Value, read_limits

LIMITS = read_limits(Path(__file__).with_name("limits.yaml"))


def _plain(proxy: Any, key: Any) -> Value:
    """Return a value of a proxied mapping or list as plain data, with a mark for values that a preview does not
    know."""
    try:
        value = proxy[key]
    except UnknownValueError:
        return UNKNOWN
    return _tree(value)


def _tree(value: Any) -> Value:
    if hasattr(value, "keys"):
        return {key: _plain(value, key) for key in value}
    if hasattr(value, "__getitem__") and not isinstance(value, str):
        return [_plain(value, number) for number in range(len(value))]
    return value


def _resource(found: Any) -> Resource:
    stack = found.urn.split("::")[0].removeprefix("urn:pulumi:")
    inputs = _tree(found.props)
    return Resource(found.resource_type, found.name, stack, inputs, bool(found.opts.protect))  # type: ignore[arg-type]


def _resource_check(rule: Rule) -> Callable[[ResourceValidationArgs, ReportViolation], None]:
    def validate(args: ResourceValidationArgs, report: ReportViolation) -> None:
        for message in rule.check(_resource(args), LIMITS):
            report(f"{args.name}: {message}", None)

    return validate


def _stack_check(rule: StackRule) -> Callable[[StackValidationArgs, ReportViolation], None]:
    def validate(args: StackValidationArgs, report: ReportViolation) -> None:
        for message in rule.check([_resource(resource) for resource in args.resources], LIMITS):
            report(message, None)

    return validate


PolicyPack(
    name="dynamo-wideep",
    enforcement_level=EnforcementLevel.MANDATORY,
    policies=[
        *(ResourceValidationPolicy(rule.name, rule.description, _resource_check(rule)) for rule in RESOURCE_RULES),
        *(StackValidationPolicy(rule.name, rule.description, _stack_check(rule)) for rule in STACK_RULES),
    ],
)
