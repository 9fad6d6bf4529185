"""Exchanges and the message reliability protocol (Core 4.10 to 4.12)."""
