"""One keeper for each lock: it carries the plan's steps out, proves what is there, repairs what others changed, and keeps the clock right.

Layer hub.
"""
