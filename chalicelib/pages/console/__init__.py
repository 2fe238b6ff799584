"""What the console's pages show, as plain values; one file a screen."""
