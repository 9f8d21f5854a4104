"""The network between."""
