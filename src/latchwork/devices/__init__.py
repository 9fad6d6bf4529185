"""Things that can be plugged in: where door-lock rules meet the Door Lock cluster.

Layer devices: above node and doorlock. `hardware` names the ports to real or virtual parts, `door_lock` joins the lock machine with
the cluster, `lock_device` builds the whole node.
"""
