"""Who asks, and what they may.

Layer web, pure values.
"""

from __future__ import annotations

from dataclasses import dataclass

from latchwork.web.accounts import Account
from latchwork.web.keys import Session, Token
from latchwork.web.problems import Problem, forbidden
from latchwork.web.roles import SCOPES, Role, Scope


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """An account, by a session or a token.

    Attributes:
        account: who.
        scopes: what they may, by role and token.
        session: the browser's, or None.
        token: the program's, or None.
        csrf: what a browser must send along with changes; empty for a token.
    """

    account: Account
    scopes: frozenset[Scope]
    session: Session | None = None
    token: Token | None = None
    csrf: str = ""

    @property
    def actor(self) -> str:
        """Names them in the journal."""
        return f"account:{self.account.id}"

    @property
    def is_guest(self) -> bool:
        """Whether scopes hold for their own doors and hours only."""
        return self.account.role is Role.GUEST

    def may(self, scope: Scope) -> bool:
        """Whether they may do this."""
        return scope in self.scopes

    def check(self, scope: Scope) -> None:
        """Refuses what they may not.

        Raises:
            Problem: 403.
        """
        if scope not in self.scopes:
            raise forbidden(
                f"It takes the scope {scope.value}, which this {'token' if self.token else 'account'} does not have."
            )

    def check_fresh(self, now: float, confirm_s: float) -> None:
        """Refuses a browser whose password was typed too long ago; a token was made for what it does.

        Raises:
            Problem: 403, to be answered by typing the password again.
        """
        if self.session is not None and now - self.session.confirmed_at > confirm_s:
            raise Problem(
                403,
                "confirmation_needed",
                "The password is needed once more",
                "POST it to /api/v1/session/confirm, then ask again.",
            )


def of_session(account: Account, session: Session, csrf: str) -> Principal:
    """A browser."""
    return Principal(account=account, scopes=SCOPES[account.role], session=session, csrf=csrf)


def of_token(account: Account, token: Token) -> Principal:
    """A program: what its token says, as far as its account may."""
    return Principal(account=account, scopes=SCOPES[account.role] & token.scopes, token=token)
