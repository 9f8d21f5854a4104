"""Environment as a whole."""
