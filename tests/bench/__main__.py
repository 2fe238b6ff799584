"""`python -m tests.bench`: what requests cost in CPU, AWS calls and units, and what a start costs.

CPU is process time of the whole Lambda handler, driven with API Gateway events; DynamoDB is the
in-memory one, beneath the storage layer's connection, so botocore and the network are not in it.
"""

import itertools

from tests.bench import cold_start, console, handler, odata, scim

if __name__ == "__main__":
    reports = (
        handler.report(),
        odata.report(),
        scim.report(),
        console.report(),
        cold_start.report(),
    )
    for line in itertools.chain(*reports):
        print(line, flush=True)  # noqa: T201 - what a benchmark is for
