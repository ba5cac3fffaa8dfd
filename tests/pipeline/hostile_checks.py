#!/usr/bin/env python3
"""Inputs made to cost much, through the commands that meet them: each gives its result, or one line that refuses it, in
little memory. What they may cost is asserted by counts in the tests of the classes they aim at. One unittest a kind.

  FTOK=path/to/ftok hostile_checks.py [TestName...]
"""
import gzip, json, os, shutil, struct, subprocess, tempfile, unittest
from pathlib import Path

FTOK = os.environ.get("FTOK", "ftok")
PEAK_MAX = 300 * 10**6
if "ASAN_OPTIONS" in os.environ or "TSAN_OPTIONS" in os.environ:
    PEAK_MAX *= 6  # a sanitizer keeps shadows of memory, and freed memory for a while


def stored_member(text, covered):
    """a gzip member of one stored block of `covered` bytes that begins with `text`: what follows is in the block"""
    return b"\x1f\x8b\x08\0\0\0\0\0\0\3\0" + struct.pack("<HH", covered, covered ^ 0xFFFF) + text


def response(body, coding):
    payload = f"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Encoding: {coding}\r\n\r\n".encode() + body
    return gzip.compress(
        b"WARC/1.0\r\nWARC-Type: response\r\nWARC-Record-ID: <urn:uuid:1>\r\nWARC-Target-URI: http://a.example/\r\n"
        b"WARC-Date: 2024-01-01T00:00:00Z\r\nContent-Type: application/http; msgtype=response\r\n"
        + f"Content-Length: {len(payload)}\r\n\r\n".encode() + payload + b"\r\n\r\n")


def zstd_raw(text):
    """a zstd frame without checksum: one raw block (RFC 8878, 3.1.1)"""
    return b"\x28\xb5\x2f\xfd\x00\x88" + struct.pack("<I", 1 | len(text) << 3)[:3] + text


def byte_letters():
    """the letters of byte-level vocabularies, by byte"""
    plain = [b for b in range(256) if 33 <= b <= 126 or 161 <= b <= 172 or b >= 174]
    letters, extra = {b: chr(b) for b in plain}, 256
    for b in range(256):
        if b not in letters:
            letters[b], extra = chr(extra), extra + 1
    return letters


def fasttext_model(pruned, buckets, value):
    """a supervised model of one word and one label, dim 1 (fastText 0.9.2's format)"""
    head = struct.pack("<2i", 793712314, 12) + struct.pack("<10i", 1, 5, 5, 1, 5, 1, 3, 3, buckets, 1)
    head += struct.pack("<2i", 2, 100) + struct.pack("<d", 1e-4)
    words = b"the\0" + struct.pack("<qb", 5, 0) + b"__label__l\0" + struct.pack("<qb", 5, 1)
    if pruned:
        sizes = struct.pack("<3i2q", 2, 1, 1, 10, 0)
        quantizer = struct.pack("<4i", 1, 1, 1, 1) + struct.pack("<f", value) * 256
        matrix = struct.pack("<B2qi", 0, 1, 1, 1) + b"\0" + quantizer
        return head + sizes + words + b"\x01" + matrix + b"\x01" + matrix
    sizes = struct.pack("<3i2q", 2, 1, 1, 10, -1)
    dense = lambda rows: struct.pack("<2q", rows, 1) + struct.pack("<f", value) * rows
    return head + sizes + words + b"\0" + dense(1 + buckets) + b"\0" + dense(1)


class HostileChecks(unittest.TestCase):
    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="ftok-hostile-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def ftok(self, *arguments, code=0):
        with open(self.folder / "out.txt", "wb") as out, open(self.folder / "err.txt", "wb") as err:
            process = subprocess.Popen([FTOK, *map(str, arguments)], stdout=out, stderr=err, cwd=self.folder)
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        out, err = ((self.folder / name).read_text(errors="replace") for name in ("out.txt", "err.txt"))
        self.assertEqual(process.returncode, code, err[-2000:])
        self.assertLessEqual(usage.ru_maxrss * 1024, PEAK_MAX)
        return out, err

    def write(self, name, data):
        path = self.folder / name
        path.write_bytes(data if isinstance(data, bytes) else data.encode())
        return path

    def measured(self, name, data):
        self.ftok("run", "--measure", "measures.jsonl", "--input", self.write(name, data), "--quiet")
        return [json.loads(line) for line in (self.folder / "measures.jsonl").read_text().splitlines()]

    def test_empty_members_of_a_content_encoding(self):
        text = b"<p>" + b"a " * 500_000
        body = gzip.compress(text) + gzip.compress(b"") * 5000
        self.assertEqual(len(self.measured("members.warc.gz", response(body, "gzip"))), 1)

    def test_empty_frames_of_a_content_encoding(self):
        body = b"".join(zstd_raw(b"<p>some words " * 7000) for _ in range(10)) + zstd_raw(b"") * 5000
        self.assertEqual(len(self.measured("frames.warc.gz", response(body, "zstd"))), 1)

    def test_content_types_of_many_parts(self):
        payload = b"HTTP/1.1 200 OK\r\nContent-Type: text/html" + b";" * 120_000 + b" " * 120_000 + b",text/html\r\n\r\n<p>some text"
        record = (b"WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: http://a.example/\r\nContent-Type: application/http\r\n"
                  + f"Content-Length: {len(payload)}\r\n\r\n".encode() + payload + b"\r\n\r\n")
        self.assertEqual(len(self.measured("types.warc", record)), 1)

    def test_markup_in_json_ld_that_never_ends(self):
        body = "a word <a" * 100_000
        script = json.dumps({"@type": "NewsArticle", "articleBody": body})
        page = f"<html><body><script type='application/ld+json'>{script}</script></body></html>"
        out, _ = self.ftok("extract", self.write("page.html", page))
        self.assertIn("a word <a", out)

    def test_archives_whose_records_say_nothing_true(self):
        version = b"filedesc://a.arc 0.0.0.0 20240101000000 text/plain 4\n1 0\n\n"
        data = gzip.compress(version + b"http://a.example/ - - - 2\nhi\n" * 200_000, 1)
        out, _ = self.ftok("warc", "count", self.write("liberal.arc.gz", data))
        self.assertIn("200001", out.replace(",", ""))

    def test_members_inside_members(self):
        data = b"".join(stored_member(b"WARC/1.0\r\n", left - 15) for left in range(60_000, 100, -25))
        out, _ = self.ftok("warc", "count", self.write("nested.warc.gz", data))
        self.assertIn("gzip.truncated", out + _)

    def test_merges_that_come_again(self):
        letters = byte_letters()
        vocab = {letters[b]: b for b in range(256)} | {"ab": 256}
        file = {"model": {"type": "BPE", "vocab": vocab, "merges": ["a b"] * 3000}, "normalizer": None, "added_tokens": [],
                "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": False}, "post_processor": None, "decoder": None}
        out, _ = self.ftok("encode", "--vocab", self.write("again.json", json.dumps(file)), "abab")
        self.assertEqual(out.split(), ["256", "256"])

    def test_a_model_that_says_more_than_it_holds(self):
        header = json.dumps({"wte.weight": {"dtype": "F32", "shape": [1, 8192], "data_offsets": [0, 32768]},
                             "wpe.weight": {"dtype": "F32", "shape": [262144, 0], "data_offsets": [0, 0]},
                             "h.0.ln_1.weight": {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]}}).encode()
        path = self.write("empty.safetensors", struct.pack("<Q", len(header)) + header + b"\0" * 32768)
        _, error = self.ftok("model", "info", path, code=1)
        self.assertIn("expected (", error)
        self.assertEqual(error.count("\n"), 1)

    def test_language_models(self):
        out, _ = self.ftok("language", "--model", self.write("good.bin", fasttext_model(False, 4, 1.0)), "hello")
        self.assertIn("l", out)
        self.ftok("language", "--model", self.write("good.ftz", fasttext_model(True, 1000, 1.0)), "the")
        for name, model, message in (("pruned.ftz", fasttext_model(True, 2**31 - 1, 1.0), "more buckets than a pruned model"),
                                     ("large.bin", fasttext_model(False, 4, 3e20), "not finite, or above 1e15")):
            _, error = self.ftok("language", "--model", self.write(name, model), "hello", code=1)
            self.assertIn(message, error)
            self.assertEqual(error.count("\n"), 1)

    # Documents and lines by the thousand that share nothing, as a flood looks to a table that it was not made for.
    def test_many_short_documents(self):
        lines = "".join(json.dumps({"text": f"word{i * 7919 % 3001}", "url": f"http://a{i}.example/"}) + "\n" for i in range(3000))
        recipe = self.write("df.toml", 'preset = "fineweb-2024-04"\nstages = ["minhash", "dedup"]\n')
        out, _ = self.ftok("run", "--input", self.write("d.jsonl", lines), "--recipe", recipe, "--output", "o", "--vocab",
                           "ftok-4k", "--json", "--quiet")
        self.assertEqual(json.loads(out)["kept"], 3000)

    def test_one_page_of_many_lines_and_classes(self):
        page = "".join(f'<div class="c{i:x}"><p>line {i * 2654435761 % 2**32:x} of a page</p></div>' for i in range(20_000))
        self.assertEqual(len(self.measured("page.warc.gz", response(gzip.compress(page.encode()), "gzip"))), 1)


if __name__ == "__main__":
    unittest.main(verbosity=2)
