"""What is kept, and how it is read and written: typed rows with versions, and sealed codes.

Layer hub.
"""
