"""Callbacks of Automation Anywhere: validated, stored once, published to an event bus."""
