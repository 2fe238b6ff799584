"""Spellings that fold to one name."""

FULL_WIDTH_OFFSET = 0xFEE0


def full_width(text: str) -> str:
    """ASCII letters in their full-width forms, which NFKC makes one with the plain ones."""
    return "".join(chr(ord(letter) + FULL_WIDTH_OFFSET) for letter in text)
