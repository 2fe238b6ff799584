"""The only home of Chalice: blueprint factories, and the adapter between it and the rooms below."""
