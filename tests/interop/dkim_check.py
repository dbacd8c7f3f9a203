"""Verifies the DKIM signature of letters with dkimpy alone, as a receiver's server would.

Usage: dkim_check.py PUBLIC_KEY_BASE64 SELECTOR DOMAIN FILE...

Prints one line a file: whether the signature stands, and whether it still does after one letter of the body was changed.
"""

import sys

import dkim


def main(key, selector, domain, files):
    name = f"{selector}._domainkey.{domain}.".encode()

    def look_up(asked, timeout=5):
        return f"v=DKIM1; k=rsa; p={key}".encode() if asked == name else None

    for path in files:
        with open(path, "rb") as file:
            message = file.read()
        head, body = message.split(b"\r\n\r\n", 1)
        other = head + b"\r\n\r\n" + body.replace(b"a", b"b", 1)
        added = message.replace(b"\r\n\r\n", b"\r\nReply-To: x@example.com\r\n\r\n", 1)
        answers = [dkim.verify(one, dnsfunc=look_up) for one in (message, other, added)]
        print(*("good" if answer else "bad" for answer in answers))


main(sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4:])
