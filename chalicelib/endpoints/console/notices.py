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
    "user-created": "Created.",
    "user-disabled": "Disabled. Every token and browser session is void.",
    "user-enabled": "Enabled. Whatever was void stays void.",
    "password-set": "Set. Every token and browser session from before is void.",
    "session-ended": "Logged out there.",
    "sessions-ended": "Logged out everywhere.",
    "consent-withdrawn": "Withdrawn. What the application held is void.",
    "keys-rotated": "Done. A key that was published now signs a day later.",
    "keys-waiting": "Nothing was changed: the next keys are published already.",
}
