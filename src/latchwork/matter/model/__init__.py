"""The data model: how clusters are declared, and their declarations."""
