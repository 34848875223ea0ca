"""A buyer with a browser, and the shop's inbox. Standard library alone."""

import html.parser
import http.server
import queue
import threading
import urllib.error
import urllib.parse
import urllib.request

SECONDS = 20


class _Form(html.parser.HTMLParser):
    """The first form of a page whose button pays."""

    def __init__(self):
        super().__init__()
        self.forms = []

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        if tag == "form":
            self.forms.append({"action": attributes.get("action", ""), "method": attributes.get("method", "get"), "fields": {}})
        elif tag in ("input", "button") and self.forms and attributes.get("name"):
            self.forms[-1]["fields"].setdefault(attributes["name"], attributes.get("value") or "")


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *arguments):
        return None


class Buyer:
    """Follows redirects by hand, so that the way back to the shop can be looked at."""

    def __init__(self):
        self.url = self.text = self.came_back_to = ""

    @property
    def is_cashier(self) -> bool:
        return "/cashier/" in self.url

    def open(self, url: str) -> "Buyer":
        self._visit(url, None)
        return self

    def pay(self) -> None:
        """Sends the form of the cashier page that pays."""
        parser = _Form()
        parser.feed(self.text)
        form = next(form for form in parser.forms if "pay" in form["action"] or form["fields"].get("action") == "pay")
        body = urllib.parse.urlencode(form["fields"]).encode()
        self._visit(urllib.parse.urljoin(self.url, form["action"]), body)
        self.came_back_to = self.url

    def _visit(self, url: str, body) -> None:
        opener = urllib.request.build_opener(_NoRedirect)
        for _ in range(5):
            self.url = url
            try:
                with opener.open(urllib.request.Request(url, data=body), timeout=SECONDS) as answer:
                    self.text = answer.read().decode()
                    return
            except urllib.error.HTTPError as answer:
                if answer.code not in (301, 302, 303, 307):
                    self.text = answer.read().decode()
                    return
                url, body = urllib.parse.urljoin(url, answer.headers["Location"]), None
        raise RuntimeError("too many redirects")


class Inbox:
    """A shop that answers `success` to every notification and keeps its parameters, decoded once."""

    def __enter__(self):
        received = self._received = queue.Queue()

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                received.put(dict(urllib.parse.parse_qsl(body.decode(), keep_blank_values=True)))
                self._answer(b"success")

            def do_GET(self):
                self._answer(b"thank you")

            def _answer(self, text):
                self.send_response(200)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *arguments):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        here = f"http://127.0.0.1:{self._server.server_port}"
        self.url, self.return_url = f"{here}/notify", f"{here}/return"
        return self

    def __exit__(self, *_):
        self._server.shutdown()

    def next(self) -> dict:
        """The next notification; an error after SECONDS."""
        return self._received.get(timeout=SECONDS)
