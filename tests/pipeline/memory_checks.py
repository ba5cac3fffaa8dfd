#!/usr/bin/env python3
"""Peak memory at the worst inputs known: at most --memory and 200 MB, and the same bytes for any --memory. What the
kernel says of each process (getrusage), so without sanitizers only. One unittest a kind of input.

  FTOK=path/to/ftok memory_checks.py [TestName...]
"""
import gzip, hashlib, json, os, random, re, shutil, subprocess, sys, tempfile, unittest
from pathlib import Path

FTOK = os.environ.get("FTOK", "ftok")
MIB = 1 << 20
LEAST = 512  # MiB: what the presets' records need
BESIDE = 200 * 10**6


def record(body, head="Content-Type: text/html"):
    payload = f"HTTP/1.1 200 OK\r\n{head}\r\n\r\n".encode() + body
    return (b"WARC/1.0\r\nWARC-Type: response\r\nWARC-Record-ID: <urn:uuid:1>\r\nWARC-Target-URI: http://a.example/\r\n"
            b"WARC-Date: 2024-01-01T00:00:00Z\r\nContent-Type: application/http; msgtype=response\r\n"
            + f"Content-Length: {len(payload)}\r\n\r\n".encode() + payload + b"\r\n\r\n")


def texts(size):
    """texts of a size that each cost some stage the most"""
    words = " ".join(f"{i:x}" for i in range(size // 6))[:size]
    return {"one_word": "a" * size, "words": words, "lines": words.replace(" ", "\n"), "paragraphs": "a\n\n" * (size // 3),
            "marks": ". " * (size // 2), "digits": "7" * size, "wide": "é" * (size // 2)}


def pages(size):
    rng = random.Random(5)
    many = lambda piece: piece * (size // len(piece))
    return {"paragraphs": many("<p>a "), "classes": "".join(f'<div class="c{i}">x</div>' for i in range(size // 24)),
            "attributes": many('<b a="1" b="2" c="3">x</b>'), "unclosed": many("<div>"), "text": "<p>" + many("some words of text "),
            "links": many('<a href="/x">y</a> '), "entities": many("&lt;"), "cells": "<table>" + many("<tr><td>1<td>2"),
            "formatting": many("<b><i><u>x"), "lists": many("<ul><li>x"), "noise": "".join(
                rng.choice(["<div class=a>", "</div>", "<p>", "word ", "<i>", "</b>", "&amp;", "<br>"]) for _ in range(size // 6))}


class MemoryChecks(unittest.TestCase):
    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="ftok-memory-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def peak(self, *arguments, code=0):
        """standard output, standard error and the peak of the process in bytes"""
        with open(self.folder / "out.txt", "wb") as out, open(self.folder / "err.txt", "wb") as err:
            process = subprocess.Popen([FTOK, *map(str, arguments)], stdout=out, stderr=err, cwd=self.folder)
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        texts = [(self.folder / name).read_text(errors="replace") for name in ("out.txt", "err.txt")]
        self.assertEqual(process.returncode, code, texts[1][-2000:])
        return texts[0], texts[1], usage.ru_maxrss * 1024

    def digests(self, name):
        return {str(p.relative_to(self.folder / name)): hashlib.sha256(p.read_bytes()).hexdigest()
                for p in sorted((self.folder / name).rglob("*")) if p.is_file() and p.name != ".lock"}

    def run_within(self, source, memory=LEAST, threads=4, *flags):
        """the result of a run that stays within its memory"""
        name = f"out_{source.name}_{memory}_{threads}"
        shutil.rmtree(self.folder / name, ignore_errors=True)
        out, _, peak = self.peak("run", "--input", source, "--output", name, "--vocab", "ftok-4k", "--memory", f"{memory}M",
                                 "--threads", threads, "--json", "--quiet", *flags)
        print(f"  {source.name} --memory {memory}M --threads {threads}: {peak / 1e6:.0f} MB", flush=True)
        self.assertLessEqual(peak, memory * MIB + BESIDE, source.name)
        return json.loads(out), self.digests(name)

    def jsonl(self, name, lines):
        path = self.folder / f"{name}.jsonl"
        with open(path, "w") as out:
            for text in lines:
                out.write(json.dumps({"text": text}) + "\n")
        return path

    def test_lines_beyond_the_limit_are_dropped_by_count(self):
        source = self.jsonl("beyond", ["a" * (60 * 10**6)] * 8)
        result, _ = self.run_within(source)
        self.assertEqual(result["dropped"], {"text.too_large": 8})

    def test_lines_at_the_limit(self):
        for name, text in texts(15 * MIB).items():
            source = self.jsonl(name, [text] * 4)
            first, bytes_of_little = self.run_within(source)
            second, bytes_of_much = self.run_within(source, 1024, 2)
            self.assertEqual(bytes_of_little, bytes_of_much, name)
            source.unlink()

    def test_every_stage_on_lines_at_the_limit(self):
        stages = (["gopher_repetition"], ["gopher_quality"], ["c4"], ["fineweb"], ["minhash", "dedup", "pii"])
        for name, text in texts(15 * MIB).items():
            source = self.jsonl(name, [text] * 3)
            for preset in ("fineweb-2024-04", "fineweb-datatrove-0.10"):
                for own in stages:
                    recipe = self.folder / f"{preset}_{own[0]}.toml"
                    all_stages = own if "dedup" in own else own + ["minhash", "dedup"]
                    recipe.write_text(f'preset = "{preset}"\nstages = {json.dumps(all_stages)}\n')
                    self.run_within(source, LEAST, 4, "--recipe", recipe)
            source.unlink()

    def test_pages(self):
        for size in (MIB, 8 * MIB - 1000):
            for name, page in pages(size).items():
                source = self.folder / f"{name}_{size >> 20}.warc.gz"
                source.write_bytes(gzip.compress(record(page.encode()), 1) * 6)
                self.run_within(source)
                source.unlink()

    def test_bodies_that_decode_to_much(self):
        words = b"<p>" + b"some words " * (16 * MIB // 11 - 1)
        signs = b"<p>" + b"\x80" * (16 * MIB - 10)  # three bytes each in UTF-8
        zstd = subprocess.run(["zstd", "-q", "-c"], input=signs, capture_output=True, check=True).stdout
        for name, coding, body in (("words", "gzip", gzip.compress(words, 9)), ("signs", "gzip", gzip.compress(signs, 9)), ("frames", "zstd", zstd)):
            head = f"Content-Type: text/html; charset=windows-1252\r\nContent-Encoding: {coding}"
            for number in range(4):
                (self.folder / f"{name}{number}.warc.gz").write_bytes(gzip.compress(record(body, head), 1) * 24)
            source = self.folder / f"{name}?.warc.gz"
            first, bytes_of_few = self.run_within(source)
            second, bytes_of_many = self.run_within(source, LEAST, 32)  # threads
            self.assertEqual(bytes_of_few, bytes_of_many)
            self.assertEqual((first["records"], first["dropped"]), (96, second["dropped"]))

    def test_records_of_every_size(self):
        source = self.folder / "records.warc.gz"
        source.write_bytes(b"".join(gzip.compress(record(b"<p>" + b"x" * size), 1) for size in
                                    (60 * MIB, 15 * MIB, 15 * MIB, 100, 17 * MIB, 15 * MIB)))
        result, _ = self.run_within(source)
        self.assertEqual(result["records"], 6)

    def test_tables(self):
        field = self.folder / "field.csv"
        field.write_text('id,text\n1,"' + "a" * (15 * MIB) + '"\n2,"' + "b" * (40 * MIB) + '"\n')
        self.run_within(field)
        header = self.folder / "header.csv"  # a row of few bytes would make an object of very many
        header.write_text("n" * 900_000 + ",text\n" + ",short\n" * 20_000)
        result, _ = self.run_within(header)
        self.assertEqual(result["documents"], 20_000)

    def test_memory_below_what_the_records_need_is_refused(self):
        source = self.jsonl("small", ["some text"])
        flags = ["run", "--input", source, "--output", "refused", "--vocab", "ftok-4k"]
        _, error, _ = self.peak(*flags, "--memory", f"{LEAST - 1}M", code=2)
        self.assertIn(f"--memory {LEAST - 1}M: at least {LEAST}M", error)
        self.assertFalse((self.folder / "refused").exists())
        self.peak(*flags, "--memory", f"{LEAST}M", "--quiet")
        self.peak(*flags[:4], "smaller", *flags[5:], "--memory", "32M", "--set", "input.record_bytes_max=1048576", "--set",
                  "http.body_bytes_max=1048576", "--quiet")

    def test_tokenize(self):
        for name, text in texts(60 * 10**6).items():
            while len(json.dumps(text)) > 64 * MIB - 100:  # an escape takes more than its character
                text = text[:len(text) * 2 // 3]
            source = self.jsonl(name, [text] * 4)
            digests = []
            for memory, threads in ((1536, 4), (2048, 2)):
                out, _, peak = self.peak("tokenize", source, "--output", f"{name}_{memory}", "--vocab", "ftok-4k", "--memory",
                                         f"{memory}M", "--threads", threads, "--json", "--quiet")
                print(f"  tokenize {name} --memory {memory}M: {peak / 1e6:.0f} MB", flush=True)
                self.assertEqual(json.loads(out)["kept"], 4)
                self.assertLessEqual(peak, memory * MIB + BESIDE, name)
                digests.append(self.digests(f"{name}_{memory}"))
                shutil.rmtree(self.folder / f"{name}_{memory}")
            self.assertEqual(*digests)
            source.unlink()
        _, error, _ = self.peak("tokenize", source, "--output", "refused", "--memory", "1535M", code=2)
        self.assertIn("--memory 1535M: at least", error)


if __name__ == "__main__":
    unittest.main(verbosity=2)
