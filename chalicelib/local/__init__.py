"""The app behind a WSGI server over in-process moto: `make run`; never in the Lambda zip."""
