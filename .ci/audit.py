"""Audit the locked requirements for known vulnerabilities, where the advisory service answers.

An unreachable service is said and passes: it tells nothing about the requirements.
"""

import json
import subprocess
import sys


def main(files: list[str]) -> int:
    """Exit status 1 when a locked package has a known vulnerability."""
    found = False
    for file in files:
        report = _report(file)
        audited = [package for package in report if "vulns" in package]
        if not audited:
            print(f"{file}: not audited, the advisory service cannot be reached")
            continue
        vulnerable = [package for package in audited if package["vulns"]]
        for package in vulnerable:
            ids = ", ".join(vulnerability["id"] for vulnerability in package["vulns"])
            print(f"{file}: {package['name']} {package['version']}: {ids}")
        print(f"{file}: {len(audited)} packages audited, {len(vulnerable)} vulnerable")
        found = found or bool(vulnerable)
    return int(found)


def _report(file: str) -> list[dict]:
    """Each package of a file: `vulns` where the service knew it, `skip_reason` where not."""
    command = [
        *(sys.executable, "-m", "pip_audit", "--requirement", file),
        *("--require-hashes", "--disable-pip", "--progress-spinner", "off", "--format", "json"),
    ]
    done = subprocess.run(  # noqa: S603 - the command is written above
        command, capture_output=True, text=True, check=False, timeout=300
    )
    try:
        return json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError):
        print(done.stderr.strip().splitlines()[-1:] or "pip-audit said nothing")
        return []


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
