"""People, their codes and accesses; who moved out, with a signed report; people from tables.

Layer hub.
"""
