"""What the registration endpoints share, whatever they administer: bodies, fields, refusals."""
