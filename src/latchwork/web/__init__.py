"""The hub's face: the API under /api/v1, live events, webhooks and who may do what.

Layer web, above hub and beside sim; never imports `sim`, `node` or `devices`. It decides who may ask and how answers look; what is
done, the hub does. `create_app` makes the ASGI application, `client` speaks to one over HTTP.
"""
