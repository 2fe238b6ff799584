"""The services behind the scopes, and the one guard before them."""
