"""What people see: pages rendered on the server, one stylesheet, no framework."""
