"""Notifications: rules by door, person and kind of event, and sending to whatever service Apprise knows.

Layer hub, on store. `rules`, `texts`, `conditions` and `outbox` are pure; `sending` speaks to Apprise, `rows` keeps, `service` runs.
"""
