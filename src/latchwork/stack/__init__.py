"""Where asyncio begins: sockets, timers and discovery drive the protocol."""
