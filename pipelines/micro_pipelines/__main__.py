"""``python -m micro_pipelines``: the command line."""

import sys

from micro_pipelines.cli import main

if __name__ == "__main__":
    sys.exit(main())
