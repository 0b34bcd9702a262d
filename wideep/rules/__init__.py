"""The rules that a layout must satisfy to run, and warnings about layouts that are legal but unwise.

``check`` finds in milliseconds what would otherwise be a pod that crashes minutes after it was scheduled. Each rule is
one small function that names its source; ``wideep.rules.registry`` holds them in order, the most basic first.
"""

from wideep.rules.registry import check, check_role, warnings
from wideep.rules.role_context import RoleContext
from wideep.rules.validate import Accepted, accept, accept_settings

__all__ = ["Accepted", "RoleContext", "accept", "accept_settings", "check", "check_role", "warnings"]
