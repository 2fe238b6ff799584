"""What a check of a deployment found."""

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """A problem fails the command; a warning deserves a look."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Finding:
    """One check."""

    check: str
    verdict: Verdict
    detail: str

    def record(self) -> dict[str, str]:
        """As it is shown."""
        return {"check": self.check, "verdict": self.verdict.value, "detail": self.detail}
