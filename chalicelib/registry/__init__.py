"""The "OAuth 2.0 Applications" option: registering applications and looking after them."""
