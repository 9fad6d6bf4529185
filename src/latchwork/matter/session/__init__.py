"""Secure sessions: handshakes, message security, replay windows, the session table."""
