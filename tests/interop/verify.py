"""Verifies a capsule with PyJWT alone, as anybody outside could, and sees that it rejects every changed one.

Usage: verify.py JWKS CAPSULE STATUS_LIST ISSUER

Prints one JSON object: what the capsule says, whether the list says that it was revoked, and how many flips of one bit
were tried, changed a decoded byte, and were rejected.
"""

import base64
import gzip
import json
import sys

import jwt


def read(path):
    with open(path, encoding="ascii") as file:
        return file.read().strip()


def decoded(part):
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def main(jwks, capsule, status_list, issuer):
    keys = {key.key_id: key.key for key in jwt.PyJWKSet.from_json(read(jwks)).keys}

    def verify(token):
        key = keys[jwt.get_unverified_header(token)["kid"]]
        return jwt.decode(token, key, algorithms=["ES256"], issuer=issuer, options={"require": ["iss"]})

    token = read(capsule)
    credential = verify(token)
    entry = credential["credentialStatus"]

    listed = verify(read(status_list))
    assert listed["id"] == entry["statusListCredential"], "the list is another's"
    encoded = listed["credentialSubject"]["encodedList"]
    assert encoded.startswith("u"), "multibase base64url"
    bits = gzip.decompress(decoded(encoded[1:]))
    place = int(entry["statusListIndex"])
    revoked = bool(bits[place // 8] >> (7 - place % 8) & 1)

    tried = changed = rejected = 0
    whole = [decoded(part) for part in token.split(".")]
    # Every bit of header and signature, and of every seventh character of the payload.
    first, second = token.index("."), token.rindex(".")
    places = [*range(first), *range(first, second, 7), *range(second, len(token))]
    for place in places:
        for bit in range(7):
            flipped = token[:place] + chr(ord(token[place]) ^ 1 << bit) + token[place + 1:]
            tried += 1
            try:
                same = [decoded(part) for part in flipped.split(".")] == whole
            except ValueError:
                same = False
            try:
                verify(flipped)
                accepted = True
            except (jwt.PyJWTError, KeyError, ValueError):
                accepted = False
            changed += not same
            rejected += not same and not accepted

    report = {"credential": credential, "revoked": revoked, "tried": tried, "changed": changed, "rejected": rejected}
    print(json.dumps(report))


if __name__ == "__main__":
    main(*sys.argv[1:])
