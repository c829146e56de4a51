"""Writes catch-up.json: sketches as docs/PROTOCOL.md ("Catch-up") has them, by code of its own.

    python3 conformance/vectors/catch-up.py > conformance/vectors/catch-up.json
"""
import hashlib
import json
import math
import random
import struct

M = 0xFFFFFFFF


def mix(x):
    x ^= x >> 16
    x = x * 0x85EBCA6B & M
    x ^= x >> 13
    x = x * 0xC2B2AE35 & M
    return x ^ x >> 16


def key_of(salt, item):
    return int.from_bytes(hashlib.sha256(salt + item).digest()[:8], "big")


def check_of(key):
    low = mix(key & M)
    return mix(key >> 32 ^ (low << 5 & M | low >> 27))


def places(key, end):
    rnd, at, out = key & M ^ key >> 32, 0, []
    while at < end:
        out.append(at)
        rnd = mix(rnd + 0x9E3779B9 & M)
        u = (rnd + 1) / 2**32
        at += min(max(math.ceil((at + 1.5) * (1 / math.sqrt(u) - 1)), 1), 1 << 20)
    return out


def sketch(salt, items, n):
    cells = [[0, 0, 0] for _ in range(n)]
    for item in items:
        key = key_of(salt, item)
        for at in places(key, n):
            cells[at][0] ^= key
            cells[at][1] ^= check_of(key)
            cells[at][2] += 1
    return b"".join(struct.pack(">QIH", k, c, count & 0xFFFF) for k, c, count in cells)


def digest(items):
    return hashlib.sha256(b"".join(sorted(items))).digest()[:16]


def main():
    rnd = random.Random(20261125)
    out = []
    for name, common, changed, dialer_only, called_only, n in [
        ("one changed", 20, 1, 0, 0, 48), ("some of each kind", 100, 5, 2, 3, 48), ("a longer sketch", 40, 30, 4, 1, 192),
    ]:
        item = lambda: rnd.randbytes(32)
        both = [item() for _ in range(common - changed)]
        docs = [rnd.randbytes(16) for _ in range(changed)]
        dialer = both + [d + rnd.randbytes(16) for d in docs] + [item() for _ in range(dialer_only)]
        called = both + [d + rnd.randbytes(16) for d in docs] + [item() for _ in range(called_only)]
        salt = digest(dialer)
        out.append({
            "name": name,
            "dialer": [i.hex() for i in sorted(dialer)],
            "called": [i.hex() for i in sorted(called)],
            "digest": salt.hex(),
            "sketch": sketch(salt, dialer, n).hex(),
            "items": [i.hex() for i in sorted(set(called) - set(dialer))],
            "keys": ["%016x" % k for k in sorted(key_of(salt, i) for i in set(dialer) - set(called))],
        })
    keys = [rnd.getrandbits(64) for _ in range(6)] + [0, 2**64 - 1]
    print(json.dumps({
        "origin": "conformance/vectors/catch-up.py, seed 20261125",
        "places": [{"key": "%016x" % k, "check": "%08x" % check_of(k), "places": places(k, 4096)} for k in keys],
        "comparisons": out,
    }, indent=1))


main()
