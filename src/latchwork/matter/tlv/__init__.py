"""TLV, the encoding of everything in Matter (Core appendix A).

`elements` reads and writes plain values; `schema` turns declared structures into fast codecs.
"""
