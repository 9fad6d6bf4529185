"""Groups: which groups an endpoint belongs to (Application Clusters 1.3).

Stands in node; the membership keeps the groups, Group Key Management shows them.
"""

from __future__ import annotations

from latchwork.matter.interaction.view import RequestContext
from latchwork.matter.messages.status import Status, StatusError
from latchwork.matter.model.clusters.groups import (
    AddGroup,
    AddGroupIfIdentifying,
    AddGroupResponse,
    GetGroupMembership,
    GetGroupMembershipResponse,
    Groups,
    NameSupportBitmap,
    RemoveGroup,
    RemoveGroupResponse,
    ViewGroup,
    ViewGroupResponse,
)
from latchwork.matter.model.spec import SpecVersion
from latchwork.node.behavior import Behavior
from latchwork.node.behaviors.group_key_management import GroupKeyManagementBehavior
from latchwork.node.behaviors.identify import IdentifyBehavior
from latchwork.node.groups import FabricGroups

MAX_NAME = 16


def groups(spec: SpecVersion = SpecVersion.V1_6) -> Groups:
    """The cluster's values: names are kept."""
    return Groups(spec=spec, features=Groups.Feature.GROUP_NAMES, name_support=NameSupportBitmap.GROUP_NAMES)


class GroupsBehavior(Behavior):
    """Membership of one endpoint in groups."""

    __slots__ = ()

    cluster = Groups

    def add_group(self, request: AddGroup, context: RequestContext) -> AddGroupResponse:
        """Makes the endpoint a member."""
        status = self._add(request.group_id, request.group_name, context)
        return AddGroupResponse(status=int(status), group_id=request.group_id)

    def view_group(self, request: ViewGroup, context: RequestContext) -> ViewGroupResponse:
        """Gives the group's name when the endpoint is a member."""
        if request.group_id == 0:
            return ViewGroupResponse(status=int(Status.CONSTRAINT_ERROR), group_id=0, group_name="")
        group = self._groups(context).groups.get(request.group_id)
        if group is None or self.endpoint.number not in group.endpoints:
            return ViewGroupResponse(status=int(Status.NOT_FOUND), group_id=request.group_id, group_name="")
        return ViewGroupResponse(status=0, group_id=request.group_id, group_name=group.name)

    def get_group_membership(self, request: GetGroupMembership, context: RequestContext) -> GetGroupMembershipResponse:
        """Which of the groups asked for, or of all groups, the endpoint is in."""
        mine = self._groups(context).of_endpoint(self.endpoint.number)
        asked = set(request.group_list)
        return GetGroupMembershipResponse(
            capacity=None, group_list=tuple(number for number in mine if not asked or number in asked)
        )

    def remove_group(self, request: RemoveGroup, context: RequestContext) -> RemoveGroupResponse:
        """Ends one membership."""
        status = Status.SUCCESS
        if request.group_id == 0:
            status = Status.CONSTRAINT_ERROR
        elif self._groups(context).remove(request.group_id, self.endpoint.number):
            self._changed_for(context)
        else:
            status = Status.NOT_FOUND
        return RemoveGroupResponse(status=int(status), group_id=request.group_id)

    def remove_all_groups(self, _request: object, context: RequestContext) -> None:
        """Ends all memberships."""
        mine = self._groups(context)
        for number in mine.of_endpoint(self.endpoint.number):
            mine.remove(number, self.endpoint.number)
        self._changed_for(context)

    def add_group_if_identifying(self, request: AddGroupIfIdentifying, context: RequestContext) -> None:
        """Makes the endpoint a member if it is identifying itself right now.

        Raises:
            StatusError: it is, and cannot become a member.
        """
        if not self.sibling(IdentifyBehavior).is_identifying:
            return
        status = self._add(request.group_id, request.group_name, context)
        if status is not Status.SUCCESS:
            raise StatusError(status, "the endpoint cannot become a member")

    def _add(self, group_id: int, name: str, context: RequestContext) -> Status:
        if group_id == 0 or len(name) > MAX_NAME:
            return Status.CONSTRAINT_ERROR
        mine = self._groups(context)
        if not mine.has_key_for(group_id):
            return Status.UNSUPPORTED_ACCESS
        if not mine.add(group_id, name, self.endpoint.number):
            return Status.RESOURCE_EXHAUSTED
        self._changed_for(context)
        return Status.SUCCESS

    def _groups(self, context: RequestContext) -> FabricGroups:
        return self.node.members.groups(self.accessing_fabric(context))

    def _changed_for(self, context: RequestContext) -> None:
        root = self.node.endpoints[0].behavior(GroupKeyManagementBehavior)
        root.groups_changed(context.subject.fabric_index)
