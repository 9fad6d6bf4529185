"""The routes of the API, one resource a file: what is asked and answered, and which scope it takes.

Layer web. Each file has a `router`; `latchwork.web.app` puts them together.
"""
