"""The console: pages for administrators, over the services that the JSON endpoints use."""
