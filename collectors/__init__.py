"""Reads Azure through its SDKs, and only reads. The one package that may import an SDK."""
