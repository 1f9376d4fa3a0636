"""The letters of a running server, taken by a mail server that is not ours and read by Python's own email package.

    python tests/clients/letters.py target/debug/bellwether

The mail server is aiosmtpd, once with STARTTLS and once with TLS from the first byte; both ask for a password.
"""
import email
import email.policy
import html
import json
import logging
import os
import re
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.request
import warnings
from pathlib import Path

import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

BELLWETHER = Path(sys.argv[1]).resolve()
OPERATIONS = Path(__file__).resolve().parents[2] / "docs" / "operations"
TERMS = "2026-11"
USER, PASSWORD = "bell", "s3cret-of-the-mail-server"
DEMO_PASSWORD = "Demo-Passw0rd!"
WAIT = 30
# A server may take so long to seed its demo, and to end what it is about.
WAIT_START, WAIT_STOP = 120, 40
# A letter that was put off is tried again half a minute after.
WAIT_AGAIN = 60


class Post:
    """Keeps what comes; refuses one recipient for good, and puts another off the first time (greylisting)."""

    def __init__(self):
        self.letters, self.put_off = [], set()

    async def handle_RCPT(self, _server, _session, envelope, address, _options):
        if address.startswith("nobody@"):
            return "550 5.1.1 No such user here"
        if address.startswith("later@") and address not in self.put_off:
            self.put_off.add(address)
            return "450 4.7.1 Greylisted, try again"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        assert server.transport.get_extra_info("ssl_object") and session.authenticated, "it came in the clear, or from nobody"
        self.letters.append((envelope.mail_from, envelope.rcpt_tos, envelope.content))
        return "250 Message accepted"


class Server:
    """A demo of its own that writes to this mail server."""

    def __init__(self, folder, tls, port, authority):
        self.folder, self.log = folder, folder / "log"
        listen = f"127.0.0.1:{free_port()}"
        self.url = f"http://{listen}"
        mail = {"HOST": "localhost", "PORT": port, "TLS": tls, "USER": USER, "PASSWORD": PASSWORD, "AUTHORITY_FILE": authority,
                "FROM": "Bellwether <no-reply@bellwether.test>", "LINK_BASE_URL": "https://app.bellwether.test"}
        settings = {f"BELLWETHER__MAIL__{key}": str(value) for key, value in mail.items()}
        self.process = subprocess.Popen(
            [BELLWETHER, "demo", "--data-dir", folder / "data", "--listen", listen],
            env={"PATH": os.environ["PATH"], "BELLWETHER__LOG__LEVEL": "debug", **settings},
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=self.log.open("w"))
        try:
            within("the server is ready", lambda: self.process.poll() is not None or self.is_ready(), WAIT_START)
            assert self.process.poll() is None, self.log.read_text()
        except AssertionError:
            self.kill()
            raise

    def is_ready(self):
        try:
            return urllib.request.urlopen(f"{self.url}/ready", timeout=5).status == 200
        except OSError:
            return False

    def call(self, operation, variables=None, token=None):
        """The one field of a saved operation, which must not be refused."""
        body = {"query": (OPERATIONS / f"{operation}.graphql").read_text(), "variables": variables or {}}
        headers = {"content-type": "application/json", "accept": "application/graphql-response+json"}
        if token:
            headers["authorization"] = f"Bearer {token}"
        request = urllib.request.Request(f"{self.url}/graphql", json.dumps(body).encode(), headers)
        answer = json.load(urllib.request.urlopen(request, timeout=WAIT))
        assert not answer.get("errors"), f"{operation}: {answer}"
        (field,) = answer["data"].values()
        assert not field.get("userErrors"), f"{operation}: {field}"
        return field

    def sign_in(self, address, password=DEMO_PASSWORD):
        return self.call("Login", {"input": {"email": address, "password": password}})["session"]["accessToken"]

    def register(self, address, password="First-Passw0rd-Of-Mine", **more):
        person = {"email": address, "password": password, "firstName": "Ana", "lastName": "Pérez", "acceptTerms": TERMS}
        self.call("Register", {"input": {**person, **more}})

    def stop(self):
        self.process.terminate()
        assert self.process.wait(WAIT_STOP) == 0, self.log.read_text()

    def kill(self):
        self.process.kill()
        self.process.wait()


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def within(what, look, seconds=WAIT):
    until = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < until, f"not within {seconds} s: {what}"
        time.sleep(0.1)
    return found


def letter_to(post, address, number=1, seconds=WAIT):
    """The n-th letter to somebody, as Python reads it: its subject, its two texts, and its link where there is one."""
    mine = lambda: [letter for letter in post.letters if address in letter[1]]
    sender, recipients, content = within(f"letter {number} to {address}", lambda: mine()[number - 1:], seconds)[0]
    message = email.message_from_bytes(content, policy=email.policy.default)
    assert (sender, recipients) == ("no-reply@bellwether.test", [address])
    assert message["From"] == "Bellwether <no-reply@bellwether.test>"
    assert message["To"].addresses[0].addr_spec == address
    assert message["Date"].datetime and message["Message-ID"] and message["Auto-Submitted"] == "auto-generated"
    for part in message.walk():
        assert not part.defects, (part.get_content_type(), part.defects)
        assert all(len(line) <= 998 for line in part.as_bytes().splitlines()), "longer than RFC 5322 has it"
    assert message.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]
    text, markup = (message.get_body((kind,)).get_content() for kind in ("plain", "html"))
    links = [set(re.findall(r"https://app\.bellwether\.test/([a-z-]+)#token=([\w-]+)", body)) for body in (text, html.unescape(markup))]
    assert links[0] == links[1] and len(links[0]) <= 1, links
    return message["Subject"], text, *links[0]


def certificate(folder):
    """An authority of our own, which the server is told to trust."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(folder / "authority.pem")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("localhost").configure_cert(context)
    return context, folder / "authority.pem"


def account_by_letters(server, post):
    """Somebody's account, from the first letter to the last, in Spanish."""
    ana, passwords = "ana@example.test", ["First-Passw0rd-Of-Mine", "Second-Passw0rd-Of-Mine"]
    server.register(ana, passwords[0], locale="ES")
    subject, text, (page, token) = letter_to(post, ana)
    assert subject.startswith("Verifica tu correo") and "Hola:" in text and page == "verify-email", (subject, text)
    tokens = [token]
    assert server.call("VerifyEmail", {"input": {"token": token}})["email"] == ana
    server.call("RequestPasswordReset", {"input": {"email": ana}})
    subject, _, (page, token) = letter_to(post, ana, 2)
    assert subject.startswith("Elige una contraseña nueva") and page == "reset-password", subject
    tokens.append(token)
    server.call("ResetPassword", {"input": {"token": token, "password": passwords[1]}})
    subject, text, *links = letter_to(post, ana, 3)
    assert "ha cambiado" in subject and "Hola, Ana:" in text and not links, (subject, text)
    server.call("CloseAccount", {"input": {"password": passwords[1]}}, server.sign_in(ana, passwords[1]))
    subject, _, *links = letter_to(post, ana, 4)
    assert subject.endswith("se ha cerrado") and not links, subject
    return tokens


def invitation(server, post):
    """In English, accepted."""
    ines = "ines@example.test"
    person = {"email": ines, "firstName": "Ines", "lastName": "Invited", "role": "SUPPORT"}
    server.call("InviteUser", {"input": person}, server.sign_in("admin@atlas.test"))
    subject, _, (page, token) = letter_to(post, ines)
    assert subject.startswith("You are invited") and page == "accept-invitation", subject
    password = "Invited-Passw0rd-Of-Hers"
    server.call("AcceptInvitation", {"input": {"token": token, "password": password, "acceptTerms": TERMS}})
    return [token]


def refused_for_good(server):
    """The owner sees who never had the letter, and why."""
    server.register("nobody@example.test")
    token = server.sign_in("owner@demo.test")
    (letter,) = within("the letter is given up", lambda: server.call("DeadLetters", token=token)["nodes"])
    assert (letter["topic"], letter["to"], letter["attempts"]) == ("VERIFY_EMAIL", "nobody@example.test", 1), letter
    assert "5.1.1" in letter["error"] or "550" in letter["error"], letter


def check(tls):
    with tempfile.TemporaryDirectory() as folder:
        folder, post, port = Path(folder), Post(), free_port()
        context, authority = certificate(folder)
        private = {"starttls": {"tls_context": context, "require_starttls": True}, "required": {"ssl_context": context}}[tls]
        known = lambda _server, _session, _envelope, _mechanism, data: AuthResult(
            success=(data.login, data.password) == (USER.encode(), PASSWORD.encode()))
        mail = Controller(post, hostname="127.0.0.1", port=port, ready_timeout=WAIT, authenticator=known, auth_required=True,
                          auth_require_tls=tls == "starttls", **private)
        mail.start()
        try:
            server = Server(folder, tls, port, authority)
            try:
                server.register("later@example.test")
                tokens = account_by_letters(server, post) + invitation(server, post)
                refused_for_good(server)
                if tls == "starttls":
                    _, _, (_, token) = letter_to(post, "later@example.test", seconds=WAIT_AGAIN)
                    tokens.append(token)
                server.stop()
            finally:
                server.kill()
            log = server.log.read_text()
            assert not [secret for secret in [*tokens, PASSWORD] if secret in log], "the log shows a secret"
        finally:
            mail.stop()
        return f"{len(post.letters)} letters"


# What aiosmtpd says about how it is set up: here it sees no TLS that is outside of SMTP.
logging.getLogger("mail.log").setLevel(logging.ERROR)
warnings.filterwarnings("ignore", message="Requiring AUTH")
for mode in ("starttls", "required"):
    print(f"letters by {mode}: {check(mode)}")
