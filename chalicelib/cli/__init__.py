"""The `grantline` command: a client of a deployment, and never part of the Lambda package."""
