"""`python -m chalicelib.cli`: the same as `grantline`."""

from chalicelib.cli.main import run

run()
