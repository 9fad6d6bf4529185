"""AES-CCM, AES-CTR, SHA-256, HMAC, HKDF and PBKDF2.

Source: connectedhomeip v1.4.2, `src/crypto/tests/{AES_CCM_128,Hash_SHA256,HMAC_SHA256,HKDF_SHA256,PBKDF2_SHA256}_test_vectors.h`.
The AES-CTR entries are in `TestChipCryptoPAL.cpp` beside them (RFC 3686 section 6, with a counter of two octets);
of the AES-CCM entries those with Matter's nonce of 13 and tag of 16 octets are kept.
"""

from typing import NamedTuple

h = bytes.fromhex


class Ccm(NamedTuple):
    key: bytes
    nonce: bytes
    aad: bytes
    plaintext: bytes
    ciphertext: bytes
    tag: bytes


class Ctr(NamedTuple):
    key: bytes
    nonce: bytes
    plaintext: bytes
    ciphertext: bytes


class Hash(NamedTuple):
    data: bytes
    digest: bytes


class Hmac(NamedTuple):
    key: bytes
    message: bytes
    digest: bytes


class Hkdf(NamedTuple):
    ikm: bytes
    salt: bytes
    info: bytes
    okm: bytes


class Pbkdf2(NamedTuple):
    password: bytes
    salt: bytes
    iterations: int
    key: bytes


CCM = [
    Ccm(
        key=h("0953fa93e7caac9638f58820220a398e"),
        nonce=h("00800000011201000012345678"),
        aad=h(""),
        plaintext=h("fffd034b50057e400000010000"),
        ciphertext=h("b5e5bfdacbaf6cb7fb6bff871f"),
        tag=h("b0d6dd827d35bf372fa6425dcd17d356"),
    ),
    Ccm(
        key=h("0953fa93e7caac9638f58820220a398e"),
        nonce=h("00800148202345000012345678"),
        aad=h(""),
        plaintext=h("120104320308ba072f"),
        ciphertext=h("79d7dbc0c9b4d43eeb"),
        tag=h("281508e50d58dbbd27c39597800f4733"),
    ),
    Ccm(
        key=h("0953fa93e7caac9638f58820220a398e"),
        nonce=h("00802b38322fe3000012345678"),
        aad=h(""),
        plaintext=h("120104fa0205a6000a"),
        ciphertext=h("53273086b8c5ee00bd"),
        tag=h("d52b87a8ce6290a772d472b8c62bdc13"),
    ),
    Ccm(
        key=h("be635105434859f484fc798e043ce40e"),
        nonce=h("00800000021201000012345678"),
        aad=h(""),
        plaintext=h("23450100"),
        ciphertext=h("b0e5d0ad"),
        tag=h("6078e0ddbb7cd43faea57c7051e5b4ae"),
    ),
    Ccm(
        key=h("be635105434859f484fc798e043ce40e"),
        nonce=h("00800148342345000012345678"),
        aad=h(""),
        plaintext=h("120102001234567800"),
        ciphertext=h("5c39da1792b1fee9ec"),
        tag=h("a9233958aced64f2343b9d610e876440"),
    ),
    Ccm(
        key=h("0953fa93e7caac9638f58820220a398e"),
        nonce=h("008b0148352345000012345678"),
        aad=h(""),
        plaintext=h("000300a6ac00000002"),
        ciphertext=h("0d0d730f94d7f3509d"),
        tag=h("dda1694adb791652fb6ae04682f19b29"),
    ),
    Ccm(
        key=h("0953fa93e7caac9638f58820220a398e"),
        nonce=h("008b0148362345000012345678"),
        aad=h(""),
        plaintext=h("000300a6ac00000003"),
        ciphertext=h("d85d806bbed248614f"),
        tag=h("ef7f4d55e47d21522ebe3d5bc735a5c5"),
    ),
    Ccm(
        key=h("be635105434859f484fc798e043ce40e"),
        nonce=h("00800000031201000012345678"),
        aad=h(""),
        plaintext=h("23450101"),
        ciphertext=h("7777ed35"),
        tag=h("35d84e18784c4bf3cb1b4c191dc555cc"),
    ),
    Ccm(
        key=h("be635105434859f484fc798e043ce40e"),
        nonce=h("00800000041201000012345678"),
        aad=h(""),
        plaintext=h("23450101"),
        ciphertext=h("ae214660"),
        tag=h("d146b28beafe7f984f9430502d07aafe"),
    ),
    Ccm(
        key=h("be635105434859f484fc798e043ce40e"),
        nonce=h("00800000051201000012345678"),
        aad=h(""),
        plaintext=h("23450100"),
        ciphertext=h("7d3ae62a"),
        tag=h("52ee03ab84e1a33365e8a61275665f71"),
    ),
    Ccm(
        key=h("63964771734fbd76e3b40519d1d94a48"),
        nonce=h("010007080d1234973612345677"),
        aad=h("f4a002c7fb1e4ca0a469a021de0db875"),
        plaintext=h("ea0a00576f726c64"),
        ciphertext=h("de1547118463123e"),
        tag=h("14604c1ddb4f5987064b1736f3923962"),
    ),
]

CTR = [
    Ctr(
        key=h("ae6852f8121067cc4bf7a5765577f39e"),
        nonce=h("00000030000000000000000000"),
        plaintext=h("53696e676c6520626c6f636b206d7367"),
        ciphertext=h("0d0a6b6dc1f69b4d14ca4c15422242c4"),
    ),
    Ctr(
        key=h("7e24067817fae0d743d6ce1f32539163"),
        nonce=h("006cb6dbc0543b59da48d90b00"),
        plaintext=h("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"),
        ciphertext=h("4f3df94915884de0dc0e30950de7a6e95a917e1d064222db2f6ec73d994ad95f"),
    ),
]

SHA256 = [
    Hash(
        data=h(""),
        digest=h("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    ),
    Hash(
        data=h("d3"),
        digest=h("28969cdfa74a12c82f3bad960b0b000aca2ac329deea5c2328ebc6f2ba9802c1"),
    ),
    Hash(
        data=h("11af"),
        digest=h("5ca7133fa735326081558ac312c620eeca9970d1e70a4b95533d956f072d1f98"),
    ),
    Hash(
        data=h("5738c929c4f4ccb6"),
        digest=h("963bb88f27f512777aab6c8b1a02c70ec0ad651d428f870036e1917120fb48bf"),
    ),
    Hash(
        data=h("294af4802e5e925eb1c6cc9c724f09"),
        digest=h("dcbaf335360de853b9cddfdafb90fa75567d0d3d58af8db9d764113aef570125"),
    ),
    Hash(
        data=h("0a27847cdc98bd6f62220b046edd762b"),
        digest=h("80c25ec1600587e7f28b18b1b18e3cdc89928e39cab3bc25e4d4a4c139bcedc4"),
    ),
    Hash(
        data=h("1b503fb9a73b16ada3fcf1042623ae7610"),
        digest=h("d5c30315f72ed05fe519a1bf75ab5fd0ffec5ac1acb0daf66b6b769598594509"),
    ),
    Hash(
        data=h(
            "d1be3f13febafefc14414d9fb7f693db16dc1ae270c5b647d80da8583587c1ad"
            "8cb8cb01824324411ca5ace3ca22e179a4ff4986f3f21190f3d7f3"
        ),
        digest=h("02804978eba6e1de65afdbc6a6091ed6b1ecee51e8bff40646a251de6678b7ef"),
    ),
    Hash(
        data=h(
            "5a86b737eaea8ee976a0a24da63e7ed7eefad18a101c1211e2b3650c5187c2a8"
            "a650547208251f6d4237e661c7bf4c77f335390394c37fa1a9f9be836ac28509"
        ),
        digest=h("42e61e174fbb3897d6dd6cef3dd2802fe67b331953b06114a65c772859dfc1aa"),
    ),
    Hash(
        data=h(
            "451101250ec6f26652249d59dc974b7361d571a8101cdfd36aba3b5854d3ae08"
            "6b5fdd4597721b66e3c0dc5d8c606d9657d0e323283a5217d1f53f2f284f57b8"
            "5c8a61ac8924711f895c5ed90ef17745ed2d728abd22a5f7a13479a462d71b56"
            "c19a74a40b655c58edfe0a188ad2cf46cbf30524f65d423c837dd1ff2bf462ac"
            "4198007345bb44dbb7b1c861298cdf61982a833afc728fae1eda2f87aa2c9480"
            "858bec"
        ),
        digest=h("3c593aa539fdcdae516cdf2f15000f6634185c88f505b39775fb9ab137a10aa2"),
    ),
]

HMAC = [
    Hmac(
        key=h(
            "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
            "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
            "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
            "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
            "aaaaaa"
        ),
        message=h(
            "54657374205573696e67204c6172676572205468616e20426c6f636b2d53697a"
            "65204b6579202d2048617368204b6579204669727374"
        ),
        digest=h("60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"),
    ),
    Hmac(
        key=h("babababababababababababababababa"),
        message=h(
            "54657374205573696e67204c6172676572205468616e20426c6f636b2d53697a"
            "65204b6579202d2048617368204b6579204669727374"
        ),
        digest=h("c0cd7723dcf157a5fe53c56b2d86d41c7861b42067ca7cae4413574d25da841e"),
    ),
]

HKDF = [
    Hkdf(
        ikm=h("0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b"),
        salt=h("000102030405060708090a0b0c"),
        info=h("f0f1f2f3f4f5f6f7f8f9"),
        okm=h("3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865"),
    ),
    Hkdf(
        ikm=h(
            "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
            "202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f"
            "404142434445464748494a4b4c4d4e4f"
        ),
        salt=h(
            "606162636465666768696a6b6c6d6e6f707172737475767778797a7b7c7d7e7f"
            "808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f"
            "a0a1a2a3a4a5a6a7a8a9aaabacadaeaf"
        ),
        info=h(
            "b0b1b2b3b4b5b6b7b8b9babbbcbdbebfc0c1c2c3c4c5c6c7c8c9cacbcccdcecf"
            "d0d1d2d3d4d5d6d7d8d9dadbdcdddedfe0e1e2e3e4e5e6e7e8e9eaebecedeeef"
            "f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff"
        ),
        okm=h(
            "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c"
            "59045a99cac7827271cb41c65e590e09da3275600c2f09b8367793a9aca3db71"
            "cc30c58179ec3e87c14c01d5c1f3434f1d87"
        ),
    ),
    Hkdf(
        ikm=h("0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b"),
        salt=h(""),
        info=h(
            "b0b1b2b3b4b5b6b7b8b9babbbcbdbebfc0c1c2c3c4c5c6c7c8c9cacbcccdcecf"
            "d0d1d2d3d4d5d6d7d8d9dadbdcdddedfe0e1e2e3e4e5e6e7e8e9eaebecedeeef"
            "f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff"
        ),
        okm=h("7ac3c1b418d0c3ad197a8f6d69298a040b51238232d1f6bda9e769905a09b6ba79811dbeb33a46fb1b8b"),
    ),
]

PBKDF2 = [
    Pbkdf2(
        password=h("70617373776f7264"),
        salt=h("73616c7453414c5473616c7453414c54"),
        iterations=1,
        key=h("f2e34bd950e91cf37d22e1135a399b02a17cb193"),
    ),
    Pbkdf2(
        password=h("70617373776f7264"),
        salt=h("73616c7453414c5473616c7453414c54"),
        iterations=2,
        key=h("2b77275cc3120b1513f6f3e03649fd4933765260"),
    ),
    Pbkdf2(
        password=h("70617373776f7264"),
        salt=h("73616c7453414c5473616c7453414c54"),
        iterations=5,
        key=h("82ffaafc0b049180eea79a0410315887b660ac7e"),
    ),
    Pbkdf2(
        password=h("70617373776f7264"),
        salt=h("73616c7453414c5473616c7453414c54"),
        iterations=3,
        key=h("f88afbb79dda3f282e21adf253d0e9f170823a9f"),
    ),
    Pbkdf2(
        password=h("70617373776f726450415353574f524470617373776f7264"),
        salt=h("73616c7453414c5473616c7453414c5473616c7453414c5473616c7453414c54"),
        iterations=10,
        key=h("0dbf8738d230bf28bae0fb4d8f07349824b5e0b1a70ba2193b"),
    ),
]
