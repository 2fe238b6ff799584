"""One file a grant; each exports `GRANT_TYPE`, `PARAMETERS` and `exchange`."""
