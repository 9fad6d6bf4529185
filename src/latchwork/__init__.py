"""Latchwork: an open, local-first system for Matter smart door locks."""
