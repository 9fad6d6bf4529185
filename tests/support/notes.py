"""A service that takes notifications without a network."""

from latchwork.hub.notify.sending import NotSent, scheme_of


class FakeSender:
    """Keeps what was sent, or fails with `trouble`."""

    def __init__(self):
        self.got = []
        self.trouble = ""
        self.tries = 0

    def check(self, url, *, is_local):
        return scheme_of(url)

    async def send(self, url, title, body, *, is_local):
        self.tries += 1
        if self.trouble:
            raise NotSent(self.trouble)
        self.got.append((url, title, body))

    @property
    def lines(self):
        """What was told, without the times."""
        return [line.rsplit(", ", 1)[0] for _, _, body in self.got for line in body.split("\n")]
