#!/usr/bin/env python3
"""The golden record: what the program makes of known inputs, as digests, one a document, so that a change shows where
it is.

  golden.py check  [--binary FTOK] [PART...]   compares the program with record/PART.tsv; exit 1 and what differs
  golden.py record [--binary FTOK] [PART...]   writes record/PART.tsv anew
  golden.py finished --binary OLD              writes output folders of an old version; see README.md before
  golden.py losses --old OLD --new NEW         trains with both programs on this machine; exit 1 where a loss differs

PARTs: sample, pages, vocabularies, warc, tokenize, finished; and pages_full, which takes a minute and only runs when it
is named. Parts that need test data find it by FTOK_TEST_DATA; a check of such parts alone exits with 77 (skipped)
without it. --keep FOLDER leaves what the program wrote in FOLDER/PART, to compare it with what another binary leaves.
Needs the zstd program.
"""
import argparse, os, shutil, sys, tempfile
from pathlib import Path

import finished, losses, parts, places

QUICK = {"sample": parts.sample, "pages": parts.pages, "vocabularies": parts.vocabularies, "warc": parts.warc,
         "tokenize": parts.tokenize, "finished": finished.check}
PARTS = {**QUICK, "pages_full": parts.pages_full}
DIFFERENCES_SHOWN = 20
SKIPPED = 77


def rows_of(part, args):
    """-> {key: value} of a part, made with the program"""
    work = Path(args.keep).resolve() / part if args.keep else Path(tempfile.mkdtemp(prefix="ftok-golden-"))
    work.mkdir(parents=True, exist_ok=True)
    try:
        rows = {}
        for key, value in PARTS[part](parts.Program(args.binary, work, args.threads)):
            assert key not in rows and not set("\t\n") & set(key + value), key
            rows[key] = value
        return rows
    finally:
        if not args.keep:
            shutil.rmtree(work, ignore_errors=True)


def read_record(part):
    path = places.RECORD / f"{part}.tsv"
    if not path.exists():
        raise RuntimeError(f"there is no {path.name}: make it with `golden.py record {part}`")
    return dict(line.split("\t") for line in path.read_text("utf-8").splitlines())


def write_record(part, rows):
    places.RECORD.mkdir(exist_ok=True)
    (places.RECORD / f"{part}.tsv").write_text("".join(f"{key}\t{value}\n" for key, value in rows.items()), "utf-8")


def differences(recorded, got):
    """a line for each row that differs; of the table below the row `columns`, only cells that differ are named"""
    columns = []
    for key in [*recorded, *(key for key in got if key not in recorded)]:
        old, new = recorded.get(key, "nothing"), got.get(key, "nothing")
        if old != new:
            before, after = old.split(" "), new.split(" ")
            is_table = columns and len(before) == len(after) == len(columns)
            cells = zip(columns, before, after) if is_table else [("", old, new)]
            changes = [f"{column} recorded {a}, now {b}".lstrip() for column, a, b in cells if a != b]
            yield f"{key}: {'; '.join(changes)}"
        if key == "columns":
            columns = old.split(" | ")


def check(part, args):
    """-> whether the part is as recorded; says what is not"""
    recorded, got = read_record(part), rows_of(part, args)
    found = list(differences(recorded, got))
    if not found:
        print(f"{part}: {len(got)} rows as recorded")
        return True
    print(f"{part}: {len(found)} of {len(recorded)} rows differ from tests/golden/record/{part}.tsv:")
    for line in found[:DIFFERENCES_SHOWN]:
        print(f"  {line[:300]}")
    if len(found) > DIFFERENCES_SHOWN:
        print(f"  and {len(found) - DIFFERENCES_SHOWN} more")
    print(f"  If this is meant: tests/golden/golden.py record --binary FTOK {part}")
    print("  and say in the commit what changed and why.")
    return False


def each_part(args, act):
    """runs `act` on the parts asked for -> exit status"""
    good, skipped, names = True, 0, args.parts or list(QUICK)
    for part in names:
        try:
            good = act(part) is not False and good
        except parts.Skip as reason:
            print(f"SKIPPED {part}: {reason}")
            skipped += 1
    return 1 if not good else SKIPPED if skipped == len(names) else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("action", choices=["check", "record", "finished", "losses"])
    parser.add_argument("parts", nargs="*", metavar="PART")
    parser.add_argument("--binary", default=os.environ.get("FTOK", places.ROOT / "build" / "release" / "ftok"))
    parser.add_argument("--old")
    parser.add_argument("--new")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--keep")
    args = parser.parse_intermixed_args()
    if unknown := [part for part in args.parts if part not in PARTS]:
        parser.error(f"no part {unknown[0]}; there are {', '.join(PARTS)}")
    if shutil.which("zstd") is None:
        print("SKIPPED: needs the zstd program")
        return SKIPPED
    if args.action == "check":
        return each_part(args, lambda part: check(part, args))
    if args.action == "record":
        return each_part(args, lambda part: write_record(part, rows_of(part, args)))
    if args.action == "finished":
        return finished.record(args.binary)
    if not args.old or not args.new:
        parser.error("losses: needs --old and --new")
    return losses.compare(args.old, args.new)


if __name__ == "__main__":
    sys.exit(main())
