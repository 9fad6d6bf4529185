"""Administrator Commissioning: a commissioned node lets one more administrator in (Core 11.19).

Stands in node; the window itself is the node's.
"""

from __future__ import annotations

from latchwork.matter.crypto.keys import InvalidKey
from latchwork.matter.crypto.spake2p import Verifier
from latchwork.matter.engine import PaseCredentials
from latchwork.matter.interaction.view import RequestContext
from latchwork.matter.messages.status import Status, StatusError
from latchwork.matter.model.clusters.administrator_commissioning import (
    AdministratorCommissioning,
    CommissioningWindowStatusEnum,
    OpenBasicCommissioningWindow,
    OpenCommissioningWindow,
    StatusCodeEnum,
)
from latchwork.node.behavior import Behavior
from latchwork.node.commissioning import BASIC, ENHANCED, MAX_WINDOW_S, MIN_WINDOW_S


class AdministratorCommissioningBehavior(Behavior):
    """Opens and closes the commissioning window for administrators."""

    __slots__ = ()

    cluster = AdministratorCommissioning

    def read_window_status(self, _context: RequestContext) -> CommissioningWindowStatusEnum:
        """Only a window that an administrator opened is shown."""
        window = self.node.window
        kind = window.kind if window.opener_vendor is not None else 0
        return CommissioningWindowStatusEnum(kind)

    def read_admin_fabric_index(self, _context: RequestContext) -> int | None:
        """The opener's fabric, or null."""
        return self.node.window.opener_fabric

    def read_admin_vendor_id(self, _context: RequestContext) -> int | None:
        """The opener's vendor, or null."""
        return self.node.window.opener_vendor

    def window_changed(self) -> None:
        """Has the three attributes reported."""
        for attribute in (
            AdministratorCommissioning.window_status,
            AdministratorCommissioning.admin_fabric_index,
            AdministratorCommissioning.admin_vendor_id,
        ):
            self.touch(attribute)

    def open_commissioning_window(self, request: OpenCommissioningWindow, context: RequestContext) -> None:
        """Opens the window with a passcode that the administrator made (Core 11.19.8.1).

        Raises:
            StatusError: a window is open, the fail-safe is armed, or a parameter is not allowed.
        """
        vendor = self._vendor(context)
        self._check_free()
        if not (1000 <= request.iterations <= 100_000 and 16 <= len(request.salt) <= 32):
            raise _refusal(StatusCodeEnum.PAKE_PARAMETER_ERROR)
        self._check_timeout(request.commissioning_timeout)
        if request.discriminator > 0xFFF:
            raise StatusError(Status.INVALID_COMMAND, "a discriminator has 12 bits")
        try:
            verifier = Verifier.decode(request.pake_passcode_verifier)
        except InvalidKey as error:
            raise _refusal(StatusCodeEnum.PAKE_PARAMETER_ERROR) from error
        self.node.window.open(
            ENHANCED,
            PaseCredentials(verifier, request.salt, request.iterations),
            request.discriminator,
            seconds=request.commissioning_timeout,
            fabric=context.subject.fabric_index,
            vendor=vendor,
        )

    def open_basic_commissioning_window(self, request: OpenBasicCommissioningWindow, context: RequestContext) -> None:
        """Opens the window with the node's own passcode (Core 11.19.8.2).

        Raises:
            StatusError: a window is open, the fail-safe is armed, or the time is not allowed.
        """
        vendor = self._vendor(context)
        self._check_free()
        self._check_timeout(request.commissioning_timeout)
        self.node.window.open(
            BASIC,
            self.node.pase_credentials(),
            self.node.config.discriminator,
            seconds=request.commissioning_timeout,
            fabric=context.subject.fabric_index,
            vendor=vendor,
        )

    def revoke_commissioning(self, _request: object, _context: RequestContext) -> None:
        """Closes the window and undoes what a commissioner has begun (Core 11.19.8.3).

        Raises:
            StatusError: no window is open.
        """
        self.node.fail_safe.expire()
        if not self.node.window.is_open:
            raise _refusal(StatusCodeEnum.WINDOW_NOT_OPEN)
        self.node.window.close()

    def _vendor(self, context: RequestContext) -> int:
        fabric = self.node.fabrics.get(context.subject.fabric_index)
        if fabric is None:
            raise _refusal(StatusCodeEnum.PAKE_PARAMETER_ERROR)
        return fabric.vendor_id

    def _check_free(self) -> None:
        if self.node.window.is_open or self.node.fail_safe.is_armed:
            raise _refusal(StatusCodeEnum.BUSY)

    def _check_timeout(self, seconds: int) -> None:
        if not MIN_WINDOW_S <= seconds <= MAX_WINDOW_S:
            raise StatusError(Status.INVALID_COMMAND, f"a window lasts {MIN_WINDOW_S} to {MAX_WINDOW_S} seconds")


def _refusal(code: StatusCodeEnum) -> StatusError:
    return StatusError(Status.FAILURE, code.name, cluster_status=int(code))
