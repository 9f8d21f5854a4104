"""The reports, over reports built by hand from the model."""
