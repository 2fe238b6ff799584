"""Decisions for other people's APIs: what gateways ask, and the answers that they want."""
