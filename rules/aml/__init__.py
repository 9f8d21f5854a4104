"""The workspace."""
