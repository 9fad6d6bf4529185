"""One file for each place in the app.

Layer web. A page changes things by the same functions as the API's routes: there is one way to do a thing, and two faces.
"""
