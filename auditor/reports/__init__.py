"""Reports: results to text, one module per format; each owns its own shape.

A format that is written to files has `render`, which makes the whole text, and `pieces`, which makes it piece by piece,
so that what is written is never held whole.
"""
