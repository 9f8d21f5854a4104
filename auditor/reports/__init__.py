"""Reports: results to text, one module per format; each owns its own shape."""
