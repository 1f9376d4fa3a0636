"""The files in deploy/ fit each other, the program and the tools that read them, as far as that shows without running them.

    python tests/clients/deploy.py target/debug/bellwether

Uses hadolint, nginx and caddy where they are beside this Python or on PATH, as they are in CI; systemd-analyze where it is.
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
BELLWETHER = Path(sys.argv[1]).resolve()


def run(*command, **options):
    done = subprocess.run(command, capture_output=True, text=True, **options)
    assert done.returncode == 0, f"{' '.join(map(str, command))}: {done.stdout}{done.stderr}"
    return done.stdout + done.stderr


def needed(program):
    """Where a program is: beside this Python or on PATH. CI has it."""
    found = shutil.which(program, path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    assert found or not os.environ.get("CI"), f"{program} is not here"
    return found


def compose():
    text = (DEPLOY / "compose.yaml").read_text()
    services = yaml.safe_load(text)["services"]
    volumes = yaml.safe_load(text)["volumes"]
    examples = dict(line.split("=", 1) for line in (DEPLOY / ".env.example").read_text().splitlines() if "=" in line)
    wanted = set(re.findall(r"\$\{([A-Z_]+)", text))
    assert wanted == set(examples), f"compose.yaml asks for {wanted}, .env.example has {set(examples)}"
    for name, service in services.items():
        assert ("image" in service) != ("build" in service), name
        assert not service.get("image", "").endswith(":latest"), name
        if "build" in service:
            context = DEPLOY / service["build"]["context"]
            assert (context / service["build"]["dockerfile"]).exists(), name
        for needed in service.get("depends_on", []):
            assert needed in services, f"{name} depends on {needed}"
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            assert (DEPLOY / source).exists() if source.startswith(".") else source in volumes, f"{name}: {volume}"
    assert "--host" in services["database"]["healthcheck"]["test"], "it would be healthy before its database is made"
    for file in (".dockerignore", ".gitignore"):
        ignored = {line.removeprefix("/") for line in (ROOT / file).read_text().splitlines()}
        assert {"deploy/.env", "deploy/bellwether.toml"} <= ignored, f"{file}: the secrets of a deployment would go along"
    configured(services["server"]["environment"])
    return f"{len(services)} services"


def configured(environment):
    """The program takes every key, and each value."""
    values = {key: re.sub(r"\$\{[^}]*\}", "example", value) for key, value in environment.items()}
    with tempfile.TemporaryDirectory() as folder:
        shown = run(BELLWETHER, "check", "config", cwd=folder, env={"PATH": os.environ["PATH"], **values})
    assert "postgres://bellwether:***@" in shown, shown


def dockerfile():
    text = (DEPLOY / "Dockerfile").read_text()
    stages = re.findall(r"^FROM \S+(?: AS (\S+))?$", text, re.M)
    for line in re.findall(r"^COPY (.*)$", text, re.M):
        words = line.split()
        if words[0].startswith("--from="):
            assert words[0].removeprefix("--from=") in stages, line
        else:
            assert all((ROOT / source).exists() for source in words[:-1]), line
    rust = re.search(r"^FROM rust:(\d+)\.(\d+)", text, re.M)
    least = re.search(r'^rust-version = "(\d+)\.(\d+)"', (ROOT / "Cargo.toml").read_text(), re.M)
    assert tuple(map(int, rust.groups())) >= tuple(map(int, least.groups())), "the image's Rust is too old"
    last = text[text.rindex("\nFROM ") :]
    assert re.search(r"^USER (?!root|0)\S+$", last, re.M), "it would run as root"
    assert re.search(r"^HEALTHCHECK .*/ready", last, re.M), "nobody would see that it is not ready"
    hadolint = needed("hadolint")
    if not hadolint:
        return f"{len(stages)} stages, hadolint is not here"
    run(hadolint, DEPLOY / "Dockerfile")
    return f"{len(stages)} stages, hadolint has nothing to say"


def unit():
    text = (DEPLOY / "bellwether.service").read_text()
    lines = [line for line in text.splitlines() if re.match(r"Exec\w+=", line)]
    for line in lines:
        words = line.split("=", 1)[1].split()[1:]
        # The commands are there: their help is printed, whatever follows.
        run(BELLWETHER, *words[: words.index("--config")], "--help")
    if not shutil.which("systemd-analyze"):
        return "systemd-analyze is not here"
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "bellwether.service"
        copy.write_text(text.replace("/usr/local/bin/bellwether", str(BELLWETHER)))
        said = run("systemd-analyze", "verify", "--man=no", copy)
    return said.strip() or f"{len(lines)} commands, systemd-analyze has nothing to say"


def nginx():
    text = (DEPLOY / "nginx.conf").read_text()
    program = needed("nginx")
    if not program:
        return "nginx is not here"
    with tempfile.TemporaryDirectory() as folder:
        # Without a certificate, and as nobody special.
        plain = re.sub(r"^\s*ssl_certificate.*$", "", text, flags=re.M).replace("443 ssl", f"unix:{folder}/socket")
        paths = " ".join(f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        whole = Path(folder) / "nginx.conf"
        whole.write_text(f"pid {folder}/pid;\nerror_log stderr;\nevents {{}}\nhttp {{\naccess_log off;\n{paths}\n{plain}\n}}\n")
        return run(program, "-t", "-q", "-c", whole, "-p", folder).strip() or "nginx has nothing to say"


def caddy():
    program = needed("caddy")
    if not program:
        return "caddy is not here"
    with tempfile.TemporaryDirectory() as folder:
        environment = {"PATH": os.environ["PATH"], "HOME": folder, "DOMAIN": "signals.example.com"}
        said = run(program, "validate", "--adapter", "caddyfile", "--config", DEPLOY / "Caddyfile", env=environment)
    assert "Valid configuration" in said, said
    return "caddy takes it"


def scripts():
    run("bash", "-n", DEPLOY / "postgres-init.sh")
    assert os.access(DEPLOY / "postgres-init.sh", os.X_OK)
    return "postgres-init.sh can be read"


for check in (compose, dockerfile, unit, nginx, caddy, scripts):
    print(f"{check.__name__}: {check()}")
