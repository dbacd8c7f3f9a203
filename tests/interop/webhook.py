"""Verifies webhooks with the library of the Standard Webhooks specification alone, as any receiver could.

Reads one JSON object a line, {"secret", "headers", "body"}, and prints `good` or `bad` for each.
"""

import json
import sys

from standardwebhooks.webhooks import Webhook, WebhookVerificationError


def main():
    for line in sys.stdin:
        message = json.loads(line)
        try:
            Webhook(message["secret"]).verify(message["body"].encode(), message["headers"])
            print("good")
        except WebhookVerificationError:
            print("bad")


if __name__ == "__main__":
    main()
