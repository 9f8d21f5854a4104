"""Audits secure AKS inference environments on Azure Machine Learning."""

__version__ = "0.1.0"
