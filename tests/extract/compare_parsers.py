#!/usr/bin/env python3
"""Our parser beside two others, on real pages and on mutations of them: the same tree, or a difference the standard explains.

  tests/extract/compare_parsers.py SERIALIZER [--pages] [--mutated N] [--show N]

SERIALIZER is the program ftok_serialize_pages. The others are lexbor (by selectolax, a PyPI package: without it exit 77, which
ctest counts as skipped) and gumbo (by SERIALIZER itself). Trees are compared as HTML. Pages are those of the test data
($FTOK_TEST_DATA); mutations drop, double, swap and cut short tags and bytes, with a fixed seed.

Exit status 1 when a page differs and no known reason fits.
"""
import argparse, io, os, random, re, struct, subprocess, sys, tarfile
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from peer_python import require
from test_folders import TEST_DATA, need_or_skip

DATA = TEST_DATA / "html"
LexborHTMLParser = require("selectolax.lexbor", "selectolax", "web").LexborHTMLParser

DOCTYPE = re.compile(r"^((?:<!--.*?-->)*)<!DOCTYPE[^>]*>", re.S | re.I)


class Serializer:
    def __init__(self, program, parser):
        self.process = subprocess.Popen([program, parser], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def __call__(self, page):
        self.process.stdin.write(struct.pack("<I", len(page)) + page)
        self.process.stdin.flush()
        size, = struct.unpack("<I", self.process.stdout.read(4))
        return None if size == 0xFFFFFFFF else self.process.stdout.read(size).decode("utf-8", "replace")


def lexbor(page):
    return DOCTYPE.sub(r"\1", LexborHTMLParser(page).html or "", count=1)


def real_pages():
    for name in ("aeb", "trafilatura_eval", "wcxb_dev", "readability", "goose3"):
        archive = DATA / f"{name}.tar.zst"
        zst = subprocess.Popen(["zstd", "-qdc", "--long=27", str(archive)], stdout=subprocess.PIPE)
        with tarfile.open(fileobj=zst.stdout, mode="r|") as tar:
            for member in tar:
                if not member.isfile() or not re.search(r"\.html?(\.gz)?$", member.name):
                    continue
                body = tar.extractfile(member).read()
                if member.name.endswith(".gz"):
                    import gzip
                    body = gzip.decompress(body)
                yield f"{name}/{os.path.basename(member.name)}", body.decode("utf-8", "replace").encode()


def mutate(page, r):
    for _ in range(1 + r.randrange(6)):
        if len(page) < 3:
            break
        tag = page.find(b"<", r.randrange(len(page)))
        end = page.find(b">", tag) if tag >= 0 else -1
        kind = r.randrange(7)
        if kind == 0:
            at = r.randrange(len(page))
            page = page[:at] + page[at + 1 + r.randrange(8):]
        elif kind == 1 and end >= 0:
            page = page[:tag] + page[end + 1:]
        elif kind == 2 and end >= 0:
            at = r.randrange(len(page))
            page = page[:at] + page[tag:end + 1] + page[at:]
        elif kind == 3 and end >= 0:
            page = page[:tag] + page[tag:end + 1] * 2 + page[end + 1:]
        elif kind == 4:
            page = page[:r.randrange(len(page))]
        elif kind == 5:
            a, b = sorted((r.randrange(len(page)), r.randrange(len(page))))
            page = page[:a] + page[b:b + 1] + page[a + 1:b] + page[a:a + 1] + page[b + 1:]
        elif end >= 0:
            other = page.find(b"<", r.randrange(len(page)))
            other_end = page.find(b">", other) if other > end else -1
            if other_end >= 0:  # two tags change places
                page = page[:tag] + page[other:other_end + 1] + page[end + 1:other] + page[tag:end + 1] + page[other_end + 1:]
    return page.decode("utf-8", "replace").encode()


def mutated_pages(count):
    """Small pieces of the first real pages, mutated."""
    r = random.Random(6)
    pieces = []
    for _, page in real_pages():
        for _ in range(4):
            at = page.find(b"<", r.randrange(max(1, len(page))))
            if at >= 0:
                pieces.append(page[at:at + 200 + r.randrange(1500)])
        if len(pieces) > 600:
            break
    heads = [b"", b"<!DOCTYPE html>", b"<!DOCTYPE html><html><head><title>t</title></head><body>"]
    for i in range(count):
        yield f"mutated/{i}", mutate(heads[r.randrange(3)] + pieces[r.randrange(len(pieces))], r)


# Where lexbor departs from the standard.
LEXBOR = [("a page that ends in '<!' (13.2.5.42: an empty comment)", rb"<!\Z"),
          ("'<?': a comment (13.2.5.6, html5lib's cases), lexbor makes a processing instruction", rb"<\?")]


def reason(page, theirs, other, mine_is_lexbors):
    """Why another parser's tree may differ from ours; None where nothing explains it."""
    if other == "gumbo":  # gumbo 0.10.1 is of 2015: its rules for select, ruby, menuitem, unknown names and </form> are older
        return "lexbor has our tree, or differs elsewhere as explained" if mine_is_lexbors else None
    if re.search(r'<[^>]* xmlns="[^>]* xmlns="', theirs):  # ">" is escaped in values
        return "two xmlns in a tag (13.2.5.33: the second goes), lexbor keeps both"
    return next((name for name, pattern in LEXBOR if re.search(pattern, page, re.S)), None)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("serializer")
    parser.add_argument("--pages", action="store_true")
    parser.add_argument("--mutated", type=int, default=0)
    parser.add_argument("--show", type=int, default=5)
    parser.add_argument("--no-gumbo", action="store_true")
    args = parser.parse_args()
    need_or_skip(DATA)
    ours = Serializer(args.serializer, "ftok")
    others = {"lexbor": lexbor}
    if not args.no_gumbo:
        others["gumbo"] = Serializer(args.serializer, "gumbo")
    pages = real_pages() if args.pages else mutated_pages(args.mutated)
    counts = {name: Counter() for name in others}
    shown = Counter()
    for key, page in pages:
        mine = ours(page)
        mine_is_lexbors = False
        for name, parse in others.items():
            theirs = parse(page)
            if mine is None or theirs is None:
                counts[name]["ended by a cap"] += 1
            elif mine == theirs:
                counts[name]["equal"] += 1
                mine_is_lexbors = mine_is_lexbors or name == "lexbor"
            else:
                why = reason(page, theirs, name, mine_is_lexbors)
                mine_is_lexbors = mine_is_lexbors or (name == "lexbor" and why is not None)
                counts[name][f"explained: {why}" if why else "DIFFERENT"] += 1
                if (why is None) and shown[name] < args.show:
                    shown[name] += 1
                    i = next((i for i, (a, b) in enumerate(zip(mine, theirs)) if a != b), min(len(mine), len(theirs)))
                    print(f"--- {key}: ours and {name}'s\n{mine[max(0, i - 150):i + 150]!r}\n{theirs[max(0, i - 150):i + 150]!r}")
    for name, count in counts.items():
        print(f"{name}: {sum(count.values())} pages: " + ", ".join(f"{n} {what}" for what, n in count.most_common()))
    sys.exit(1 if any(count["DIFFERENT"] for count in counts.values()) else 0)


if __name__ == "__main__":
    main()
