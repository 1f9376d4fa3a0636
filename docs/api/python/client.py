"""Signs in, lists the newest strong signals, and follows those that come, with nothing but Python's own library.

    python client.py http://127.0.0.1:8080 [email] [password]
    python client.py --follow http://127.0.0.1:8080 [email] [password]
"""

import json
import sys
import urllib.error
import urllib.request

LOGIN = """
mutation Login($input: LoginInput!) {
  login(input: $input) { session { accessToken refreshToken } userErrors { code message } }
}
"""
SIGNALS = """
query Signals($filter: SignalFilter, $first: Int, $after: String) {
  signals(filter: $filter, first: $first, after: $after) {
    nodes { symbol timeframe direction confidence entry target stop signalTime }
    pageInfo { hasNextPage endCursor }
  }
}
"""
RECORDED = """
subscription { signalRecorded { sequence signal { symbol timeframe direction confidence entry target stop signalTime } } }
"""


class Refused(Exception):
    """An answer's first error: its code says what to do, its request id finds it in the server's log."""

    def __init__(self, error):
        self.code = error["extensions"]["code"]
        self.is_retryable = error["extensions"].get("retryable", False)
        super().__init__(f"{self.code}: {error['message']} ({error['extensions'].get('requestId')})")


class Client:
    """A session with a server."""

    def __init__(self, server):
        self.server = server.rstrip("/")
        self.token = None

    def sign_in(self, email, password):
        """Signs in; raises PermissionError with what the server says where that does not work."""
        login = self.run(LOGIN, {"input": {"email": email, "password": password}})["login"]
        if login["userErrors"]:
            raise PermissionError("; ".join(error["message"] for error in login["userErrors"]))
        self.token = login["session"]["accessToken"]

    def run(self, query, variables=None):
        """Runs an operation; the data of its answer. Decimals are texts: decimal.Decimal reads them."""
        with self._post(query, variables, "application/graphql-response+json") as response:
            return self._data(json.load(response))

    def follow(self, query, variables=None):
        """Runs a subscription as server-sent events; yields the data of each."""
        with self._post(query, variables, "text/event-stream") as response:
            event = None
            for line in response:
                text = line.decode().rstrip("\n")
                if text.startswith("event:"):
                    event = text[6:].strip()
                elif text.startswith("data:") and event == "next":
                    yield self._data(json.loads(text[5:]))
                elif event == "complete":
                    return

    def _post(self, query, variables, accept):
        headers = {"content-type": "application/json", "accept": accept}
        if self.token:
            headers["authorization"] = f"Bearer {self.token}"
        body = json.dumps({"query": query, "variables": variables or {}}).encode()
        request = urllib.request.Request(f"{self.server}/graphql", body, headers)
        try:
            return urllib.request.urlopen(request, timeout=60)
        except urllib.error.HTTPError as answer:
            # A refusal is JSON too.
            raise Refused(json.load(answer)["errors"][0]) from None

    @staticmethod
    def _data(answer):
        if answer.get("errors"):
            raise Refused(answer["errors"][0])
        return answer["data"]


def line(signal):
    """A signal in one line."""
    prices = " / ".join(signal[name] or "-" for name in ("entry", "target", "stop"))
    return f"{signal['signalTime']}  {signal['symbol']}  {signal['timeframe']}  {signal['direction']}  {signal['confidence']}%  {prices}"


def main(arguments):
    """Lists the newest signals, or follows them."""
    is_following = "--follow" in arguments
    given = [word for word in arguments if word != "--follow"]
    usual = ["http://127.0.0.1:8080", "trader@atlas.test", "Demo-Passw0rd!"]
    server, email, password = given + usual[len(given) :]
    client = Client(server)
    client.sign_in(email, password)
    if is_following:
        for event in client.follow(RECORDED):
            print(line(event["signalRecorded"]["signal"]), flush=True)
        return
    strong = {"confidence": {"gte": 60}, "direction": {"in": ["BUY", "SELL"]}}
    nodes = client.run(SIGNALS, {"filter": strong, "first": 5})["signals"]["nodes"]
    for signal in nodes:
        print(line(signal))
    print(f"{len(nodes)} signals")


if __name__ == "__main__":
    main(sys.argv[1:])
