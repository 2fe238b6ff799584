"""`python -m chalicelib.cli`: the same as `grantline`."""

import sys

from chalicelib.cli.main import main

sys.exit(main(sys.argv[1:]))
