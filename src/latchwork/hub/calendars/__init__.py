"""Calendars: an iCal address per door makes stays into accesses, and takes them away again.

Layer hub, on store. `feeds`, `recurrence`, `words`, `staying` and `deciding` are pure; `fetching` dials, `rows` keeps, `service` runs.
"""
