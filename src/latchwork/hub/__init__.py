"""The hub: what should be on each lock, how it gets there, and who came in.

Layer hub. `service.py` joins the rooms; each room's `service.py`, where it has one, is what others call. Read `house` first, which is what
everything here talks about, then `plan`, which is pure, then `keeping`, which carries it out.
"""
