"""Behaviors of the root endpoint's clusters, one a file."""
