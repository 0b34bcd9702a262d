"""Every rule that a layout must keep to run, and what is legal but unwise.

``check`` finds in milliseconds what would otherwise be a pod that crashes minutes after it was scheduled. A rule is one
small function that names its source; ``wideep.rules.registry`` has them in order, the most basic first.
"""

from wideep.rules.registry import check, check_role, warnings
from wideep.rules.role_context import RoleContext
from wideep.rules.validate import Accepted, accept, accept_settings

__all__ = ["Accepted", "RoleContext", "accept", "accept_settings", "check", "check_role", "warnings"]
