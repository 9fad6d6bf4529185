"""The asking side of Matter: a fabric's administrator, its commissioner and its peers."""

from latchwork.controller.controller import Controller
from latchwork.controller.peer import Peer
from latchwork.controller.steps import CommissioningFailed, Step, StepReport
from latchwork.controller.subscription import Subscription

__all__ = ["CommissioningFailed", "Controller", "Peer", "Step", "StepReport", "Subscription"]
