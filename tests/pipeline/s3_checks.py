"""s3:// as input and output, from the command line, against moto behind a proxy that checks signatures with botocore's own code
(moto checks them on an address it has decoded) and breaks what it is told to break."""
import hashlib
import http.client
import http.server
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from peer_python import require  # noqa: E402

require("moto", "moto[server]", "s3")
import logging  # noqa: E402

from botocore.auth import S3SigV4Auth  # noqa: E402
from botocore.awsrequest import AWSRequest  # noqa: E402
from botocore.credentials import Credentials  # noqa: E402
from moto.s3.models import s3_backends  # noqa: E402
from moto.server import ThreadedMotoServer  # noqa: E402

logging.getLogger("werkzeug").setLevel(logging.ERROR)
FTOK = os.environ["FTOK"]
SAMPLE = Path(__file__).resolve().parents[2] / "share" / "sample" / "ftok-sample.warc.gz"
BUCKET = "corpus"
KEYS = Credentials("AKIDEXAMPLE", "the+secret/of this test")
FULL = (507, "XMinioStorageFull"), (403, "QuotaExceeded")  # how MinIO and Ceph say that there is no room
ODD_KEY = "crawl/a b+\u00fc.warc.gz"


class Proxy(http.server.ThreadingHTTPServer):
    """Passes requests on to `target`; before that, does to each what the first fault that matches says, once, or else what `always`
    says. A fault is a status, a status and the store's code, "cut", "lost", "late" (an error after a 200), or something to call."""
    daemon_threads = True

    def handle_error(self, request, client_address):
        pass  # a client that was killed

    def __init__(self, target):
        self.target, self.faults, self.log, self.lock = target, [], [], threading.Lock()
        self.sent = []  # of each request with a body: its path, and the body's bytes
        self.always = lambda method, path: None
        self.watch = None  # is told of each request, before and after it is passed on
        super().__init__(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}"

    def fault_for(self, method, path):
        with self.lock:
            self.log.append((method, path))
            for i, (pattern, _) in enumerate(self.faults):
                if re.search(pattern, f"{method} {path}"):
                    return self.faults.pop(i)[1]
            return self.always(method, path)


def is_signed(method, target, headers, body):
    """Whether the request bears the signature that botocore gives it."""
    found = re.match(r"AWS4-HMAC-SHA256 Credential=([^/]+)/\d+/([^/]+)/s3/aws4_request,SignedHeaders=([^,]+),Signature=(\w+)$",
                     headers.get("Authorization", ""))
    if not found or found[1] != KEYS.access_key or hashlib.sha256(body).hexdigest() != headers["x-amz-content-sha256"]:
        return False
    signed = {name: headers[name] for name in found[3].split(";")}
    request = AWSRequest(method, f"http://{headers['Host']}{target}", signed, body)
    request.context["timestamp"] = headers["x-amz-date"]
    signer = S3SigV4Auth(KEYS, "s3", found[2])
    return found[4] == signer.signature(signer.string_to_sign(request, signer.canonical_request(request)), request)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def answer(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if not is_signed(self.command, self.path, self.headers, body):
            return self.reply(403, {}, b"<Error><Code>SignatureDoesNotMatch</Code></Error>")
        if body:
            self.server.sent.append((self.path, len(body)))
        fault = self.server.fault_for(self.command, self.path)
        if isinstance(fault, int):
            fault = fault, "AccessDenied" if fault == 403 else "SlowDown"
        if isinstance(fault, tuple):
            return self.reply(fault[0], {}, f"<Error><Code>{fault[1]}</Code></Error>".encode())
        if fault == "late":
            return self.reply(200, {}, b"<Error><Code>InternalError</Code></Error>")
        watch = self.server.watch or (lambda *request: None)
        watch(self.command, self.path, False)
        host, port = self.server.target
        upstream = http.client.HTTPConnection(host, port)
        upstream.request(self.command, self.path, body, dict(self.headers))  # with the Host that was signed
        response = upstream.getresponse()
        data = response.read()
        watch(self.command, self.path, True)
        headers = {k: v for k, v in response.getheaders()
                   if k.lower() not in ("transfer-encoding", "content-length", "connection", "date", "server")}
        length = int(response.getheader("Content-Length") or len(data)) if self.command == "HEAD" else len(data)
        if callable(fault):
            fault()
        self.reply(response.status, headers, data, length, cut=fault == "cut" or callable(fault), lost=fault == "lost")

    def reply(self, status, headers, data, length=None, cut=False, lost=False):
        self.close_connection = True
        if lost:  # done by the store, unheard by the client
            return
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data) if length is None else length))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(data[:len(data) // 2] if cut else data)

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = answer


class Store:
    """moto behind the proxy, with one bucket."""

    def __init__(self):
        self.server = ThreadedMotoServer(port=0, verbose=False)
        self.server.start()
        host, port = self.server.get_host_and_port()
        self.proxy = Proxy(("127.0.0.1", port))
        self.environment = {"AWS_ACCESS_KEY_ID": KEYS.access_key, "AWS_SECRET_ACCESS_KEY": KEYS.secret_key,
                            "AWS_ENDPOINT_URL": self.proxy.url(), "AWS_EC2_METADATA_DISABLED": "true",
                            "AWS_REGION": "us-east-1", "no_proxy": "127.0.0.1"}
        self.backend = s3_backends["123456789012"]["aws"]
        self.bucket = self.backend.create_bucket(BUCKET, "us-east-1")
        self.put(ODD_KEY, SAMPLE.read_bytes())

    def put(self, key, data):
        self.backend.put_object(BUCKET, key, data)

    def objects(self, prefix):
        return {key.name[len(prefix):]: key.value for key in self.bucket.keys.values() if key.name.startswith(prefix)}

    def direct(self):
        """the address of moto itself"""
        return "http://%s:%d" % self.proxy.target

    def uploads(self):
        return list(self.bucket.multiparts.values())


class Checks:
    def __init__(self, folder):
        self.folder, self.store, self.failed = folder, Store(), 0

    def ftok(self, *arguments, environment=None, **more):
        env = {**os.environ, **self.store.environment, "FTOK_CACHE": str(self.folder / "cache"), **(environment or {})}
        return subprocess.run([FTOK, *map(str, arguments)], capture_output=True, env=env, **more)

    def check(self, what, holds, detail=""):
        if not holds:
            self.failed += 1
            print(f"FAILED: {what} {detail}")

    def same(self, what, folder, objects):
        files = {str(p.relative_to(folder)): p.read_bytes() for p in Path(folder).rglob("*")
                 if p.is_file() and not p.name.startswith(".")}
        self.check(f"{what}: the same names", sorted(files) == sorted(objects), f"{sorted(files)} {sorted(objects)}")
        for name in files:
            if name in objects:
                self.check(f"{what}: {name} is the same", files[name] == objects[name])

    # -- inputs ------------------------------------------------------------------------------------------------------
    def inputs(self):
        local, remote = self.ftok("warc", "count", SAMPLE), self.ftok("warc", "count", f"s3://{BUCKET}/{ODD_KEY}")
        self.check("a key with spaces, '+' and an umlaut is read", remote.returncode == 0, remote.stderr)
        count = re.compile(rb"\d+")
        self.check("with the same counts", count.findall(local.stdout)[-3:] == count.findall(remote.stdout)[-3:])

    def wrong_secret(self):
        result = self.ftok("warc", "count", f"s3://{BUCKET}/crawl/x.warc.gz",
                           environment={"AWS_SECRET_ACCESS_KEY": "wrong"})
        self.check("a wrong secret is refused in one line", result.returncode == 1 and result.stderr.count(b"\n") == 1 and
                   b"403" in result.stderr, result.stderr)
        self.check("without the secret in it", b"wrong" not in result.stderr)

    def no_credentials(self):
        result = self.ftok("warc", "count", f"s3://{BUCKET}/crawl/x.warc.gz",
                           environment={"AWS_ACCESS_KEY_ID": "", "HOME": str(self.folder)})
        self.check("without credentials: what to set", result.returncode == 2 and b"AWS_ACCESS_KEY_ID" in result.stderr,
                   result.stderr)

    def not_there(self):
        result = self.ftok("warc", "count", f"s3://{BUCKET}/crawl/none.warc.gz")
        self.check("an object that is not there", result.returncode == 1 and b"404" in result.stderr, result.stderr)
        result = self.ftok("run", "--input", f"s3://{BUCKET}/none/*.gz", "--output", self.folder / "none", "--vocab",
                           "ftok-4k")
        self.check("a pattern without a match", result.returncode == 2 and b"matches no object" in result.stderr,
                   result.stderr)

    def run_local_and_remote(self):
        inputs = self.folder / "in"
        inputs.mkdir()
        for name in ("a.warc.gz", "b.warc.gz"):
            shutil.copy(SAMPLE, inputs / name)
            self.store.put(f"in/{name}", SAMPLE.read_bytes())
        self.store.put("in/deeper/c.warc.gz", SAMPLE.read_bytes())  # '*' ends at '/'
        options = ["--vocab", "ftok-4k", "--rejects", "ids"]
        local = self.ftok("run", "--input", inputs / "*.warc.gz", "--output", self.folder / "local", *options)
        self.check("the local run", local.returncode == 0, local.stderr)
        remote = self.ftok("run", "--input", f"s3://{BUCKET}/in/*.warc.gz", "--output", f"s3://{BUCKET}/out", *options)
        self.check("the run from S3 to S3", remote.returncode == 0, remote.stderr)
        objects = self.store.objects("out/")
        for name in sorted(p.name for p in (self.folder / "local").glob("ftok_*.bin")):
            self.check(f"{name} is the same", objects.get(name) == (self.folder / "local" / name).read_bytes())
        self.check("its shards are named", f"s3://{BUCKET}/out/ftok_train_000000.bin".encode() in remote.stdout,
                   remote.stdout)
        self.check("no work is left", not list((self.folder / "cache").rglob("*.bin")))
        again = self.ftok("run", "--input", f"s3://{BUCKET}/in/*.warc.gz", "--output", f"s3://{BUCKET}/out", *options)
        self.check("given again, it finds all done", again.returncode == 0, again.stderr)
        self.check("and changes nothing", self.store.objects("out/") == objects)
        other = self.ftok("run", "--input", f"s3://{BUCKET}/in/*.warc.gz", "--output", f"s3://{BUCKET}/out", "--set",
                          "dedup.scope=off", *options)
        self.check("another recipe is refused", other.returncode == 2, other.stderr)
        self.check("and changes nothing either", self.store.objects("out/") == objects)

    def foreign_objects(self):
        self.store.put("mine/thesis.pdf", SAMPLE.read_bytes())
        result = self.ftok("tokenize", "--vocab", "ftok-4k", "--output", f"s3://{BUCKET}/mine", Path(__file__))
        self.check("a place with other objects is refused", result.returncode == 2, result.stderr)
        self.check("and left alone", list(self.store.objects("mine/")) == ["thesis.pdf"])

    # -- faults ------------------------------------------------------------------------------------------------------
    def storms(self):
        self.store.proxy.faults = [("GET /corpus/in/a", 503), ("GET /corpus/in/a", 500), ("GET /corpus/in/a", "cut")]
        result = self.ftok("warc", "count", f"s3://{BUCKET}/in/a.warc.gz")
        self.check("503, 500 and a cut are waited out", result.returncode == 0 and not self.store.proxy.faults,
                   result.stderr)

    def changed(self):
        self.store.put("in/changing.warc.gz", SAMPLE.read_bytes())
        replaced = SAMPLE.read_bytes() + SAMPLE.read_bytes()
        self.store.proxy.faults = [("GET /corpus/in/changing", lambda: self.store.put(
            "in/changing.warc.gz", replaced))]
        result = self.ftok("warc", "count", f"s3://{BUCKET}/in/changing.warc.gz")
        self.check("an object that is replaced while it is read ends the reading",
                   result.returncode == 1 and b"changed on the server" in result.stderr, result.stderr)

    def large_text(self):
        text = self.folder / "large.txt"
        words = [f"w{i * 7919 % 100003}" for i in range(200_000)]
        text.write_text("\n".join(" ".join(words[i:i + 100]) for i in range(0, len(words), 100)) * 40)
        return text

    def uploads_in_parts(self):
        text, options = self.large_text(), ["--vocab", "ftok-4k", "--quiet", "--format", "text"]
        local = self.ftok("tokenize", *options, "--output", self.folder / "parts", text)
        self.check("the local shards", local.returncode == 0, local.stderr)
        large = max(p.stat().st_size for p in (self.folder / "parts").glob("*.bin"))
        self.check("one of them goes in parts", large > 64 << 20, str(large))
        target = f"s3://{BUCKET}/large"
        command = ["tokenize", *options, "--output", target, text]
        # Killed while a part is under way.
        reached, killed = threading.Event(), threading.Event()

        def hold():
            reached.set()
            killed.wait(300)

        self.store.proxy.faults = [("PUT .*partNumber=2", hold)]
        env = {**os.environ, **self.store.environment, "FTOK_CACHE": str(self.folder / "cache")}
        process = subprocess.Popen([FTOK, *map(str, command)], env=env, stderr=subprocess.DEVNULL)
        self.check("the second part is reached", reached.wait(300))
        process.send_signal(signal.SIGKILL)
        process.wait()
        killed.set()
        self.check("the shard of a killed upload is not there", not any(
            n.startswith("ftok_train") and n.endswith(".bin") for n in self.store.objects("large/")))
        self.check("its parts are", len(self.store.uploads()) == 1)
        # The store is full at the second part.
        self.store.proxy.faults = [("PUT .*partNumber=2", FULL[0])]
        result = self.ftok(*command)
        self.check("a full store is one line", result.returncode == 1 and b"507, XMinioStorageFull" in result.stderr and len(
            [line for line in result.stderr.splitlines() if not line.startswith(b"ftok: warning: ")]) == 1, result.stderr)
        self.check("and leaves no upload of its own", len(self.store.uploads()) == 1 and not any(
            n.startswith("ftok_train") and n.endswith(".bin") for n in self.store.objects("large/")))
        # A lost answer to the completion, and one part that fails twice.
        self.store.proxy.faults = [("POST .*uploadId=", "lost"), ("PUT .*partNumber=1", 503), ("PUT .*partNumber=1", 500)]
        result = self.ftok(*command)
        self.check("the same command continues", result.returncode == 0 and not self.store.proxy.faults, result.stderr)
        self.same("in parts", self.folder / "parts", self.store.objects("large/"))
        self.check("and sweeps what the killed one left", not self.store.uploads())

    def interrupted(self):
        reached, ended = threading.Event(), threading.Event()

        def hold():
            reached.set()
            ended.wait(300)

        self.store.proxy.faults = [("PUT .*interrupted", hold)]
        env = {**os.environ, **self.store.environment, "FTOK_CACHE": str(self.folder / "cache")}
        process = subprocess.Popen([FTOK, "tokenize", "--vocab", "ftok-4k", "--quiet", "--output", f"s3://{BUCKET}/interrupted",
                                    __file__], env=env, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        self.check("an upload is under way", reached.wait(300))
        process.send_signal(signal.SIGINT)
        try:
            self.check("SIGINT ends it", process.wait(timeout=60) == 130, str(process.returncode))
        except subprocess.TimeoutExpired:
            process.kill()
            self.check("SIGINT ends it", False, "it waits")
        ended.set()
        self.check("and nothing looks complete", "manifest.json" not in self.store.objects("interrupted/"))

    def refused_outputs(self):
        result = self.ftok("run", "--only", "extract", "--input", SAMPLE, "--output", f"s3://{BUCKET}/x", "--vocab", "ftok-4k")
        self.check("halves need a folder", result.returncode == 2, result.stderr)
        result = self.ftok("tokenize", "--output", "gs://bucket/x", "--vocab", "ftok-4k", Path(__file__))
        self.check("another scheme is refused", result.returncode == 2 and not Path("gs:").exists(), result.stderr)
        result = self.ftok("tokenize", "--output", self.folder / "y", "--work", "z", "--vocab", "ftok-4k", Path(__file__))
        self.check("--work needs a store", result.returncode == 2, result.stderr)

    def secrets(self):
        secret = self.store.environment["AWS_SECRET_ACCESS_KEY"].encode()
        written = list(self.store.objects("").values()) + [p.read_bytes() for p in self.folder.rglob("*") if p.is_file()]
        self.check("no secret is written anywhere", not any(secret in bytes_ for bytes_ in written))


def main():
    with tempfile.TemporaryDirectory() as folder:
        checks = Checks(Path(folder))
        names = sys.argv[1:] or ["inputs", "wrong_secret", "no_credentials", "not_there", "run_local_and_remote",
                                 "foreign_objects", "storms", "changed", "uploads_in_parts", "interrupted", "refused_outputs", "secrets"]
        for name in names:
            started = time.time()
            getattr(checks, name)()
            print(f"{name}: {time.time() - started:.1f} s")
        checks.store.server.stop()
        sys.exit(1 if checks.failed else 0)


if __name__ == "__main__":
    main()
