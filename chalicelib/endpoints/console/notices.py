"""What was done a moment ago, by the name under which a redirect tells the page."""

NOTICES = {
    "saved": "Saved.",
    "unchanged": "Nothing was changed.",
    "disabled": "Disabled. Every token is void, and no new one is issued.",
    "enabled": "Enabled. It can get tokens again; those from before stay void.",
    "deleted": "Deleted. Everything that was issued to it is void.",
    "tokens-revoked": "Revoked. Every token that was issued until now is void.",
    "secret-cut": "Cut. The secret and every token are void.",
    "certificate": "The certificate was replaced.",
    "keys-rotated": "Done. A key that was published now signs a day later.",
    "keys-waiting": "Nothing was changed: the next keys are published already.",
}
