"""`python -m latchwork.cli`: the command where its script is not on the path.

The roof.
"""

from latchwork.cli import main

if __name__ == "__main__":
    main(prog_name="latchwork")
