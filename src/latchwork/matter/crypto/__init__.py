"""Cryptography as Matter uses it (Core chapter 3): the only door to the `cryptography` package.

Lowest floor of the protocol, beside `tlv`: knows octets, keys and points, never a message, a session or a certificate.

`primitives` are the symmetric functions, `keys` is P-256, `points` its arithmetic, `spake2p` proves a passcode without
showing it.
"""
