"""The OAuth 2.0 protocol: standard library, PyJWT and cryptography; no AWS, no HTTP framework."""
