"""What a door lock is: (state, input, now) to (state, effects).

Layer doorlock: stands on base only; knows nothing of Matter, networks, storage or clocks. Read `machine` first: its table shows
everything that can happen to a lock. `decide` is the one place that says whether a door may be opened now.
"""
