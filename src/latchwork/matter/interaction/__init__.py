"""The interaction model, both roles (Core 8)."""
