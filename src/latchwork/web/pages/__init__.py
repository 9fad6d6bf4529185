"""The app: pages rendered on the server, each a plain form first, kept alive by the hub's live events.

Layer web. `routes` has one file for each place in the app, `templates` what is shown, `texts` every word of it, `static` what browsers
load: a few small modules of our own, and nothing from elsewhere.
"""
