"""Guests: a code for a while, a page of their own, and what stands in the way of it.

Layer hub.
"""
