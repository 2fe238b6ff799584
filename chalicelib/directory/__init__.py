"""Users and their domains: who an application may act as."""
