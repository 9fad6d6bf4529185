"""People, doors and promises: what a site wants of its locks, what the locks hold, and the work between the two.

Layer hub: above controller and store, below web. It meets locks only over Matter and never imports `devices`. Pure files (`rules`,
`codes`, `desired`, `plan`) take time and chance as arguments; `service` is the one façade that web and command line call.
"""
