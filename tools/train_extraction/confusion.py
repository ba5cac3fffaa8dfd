#!/usr/bin/env python3
"""Shows where the cross-validated scorer is wrong: by page type of wcxb_dev, and the pages that lose most.

  confusion.py --pages DIR --block-features BINARY --scorer testdata.py --work DIR [--share 0.6]

DIR of --work is train.py's, after a run. For each page type: precision, recall and F1 over words, and of the words of a page's gold
how many are dropped, and how many others are kept, by what stands around them.
"""
import argparse, collections

import numpy

import train

KINDS = {"navigation": 1 << 2, "header": 1 << 3, "footer": 1 << 4, "aside": 1 << 5, "form": 1 << 6, "table": 1 << 7, "list": 1 << 8,
         "heading": 1 << 19}  # extract/content/blocks.h


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pages", required=True)
    parser.add_argument("--block-features", required=True)
    parser.add_argument("--scorer", required=True)
    parser.add_argument("--work", required=True)
    parser.add_argument("--share", type=float, default=0.6)
    args = parser.parse_args()
    args.reuse = True
    data = train.Data(args)
    testdata, gold = train.load_scorer(args)
    written, keep = train.product_texts(args, data, numpy.load(f"{args.work}/p.npy"), args.share)
    rows, wrong, worst = collections.defaultdict(list), collections.defaultdict(collections.Counter), []
    for name, key, begin, end, texts, kind in data.pages:
        words = testdata.WORD.findall(gold[name][key].get("text", "").lower()) if name == "wcxb" else []
        if not words:
            continue
        mask = keep[begin:end]
        out = testdata.WORD.findall(written[name][key].lower())
        both = sum((collections.Counter(words) & collections.Counter(out)).values())
        f1 = 2 * both / (len(words) + len(out)) if both else 0
        rows[kind].append((both / max(1, len(out)), both / len(words), f1))
        worst.append((f1, key, kind, gold[name][key]["url"], both / max(1, len(out)), both / len(words)))
        y, size = data.y[begin:end], data.words[begin:end]
        for i in range(end - begin):
            missed = size[i] * max(0, y[i]) if not mask[i] else 0
            extra = size[i] * (1 - max(0, y[i])) if mask[i] else 0
            if missed or extra:
                a = data.ancestors[begin + i]
                where = next((k for k, bit in KINDS.items() if a & bit), "hidden" if a & train.HIDDEN else "text")
                wrong[kind]["dropped " + where] += min(1, missed / len(words))
                wrong[kind]["kept " + where] += min(1, extra / len(words))
    print("| page type | pages | precision | recall | F1 | most dropped | most kept |\n|---|---|---|---|---|---|---|")
    for kind, values in sorted(rows.items()):
        top = {side: ", ".join(f"{k.split()[1]} {v / len(values):.3f}" for k, v in wrong[kind].most_common() if k.startswith(side))
               for side in ("dropped", "kept")}
        mean = numpy.mean(values, axis=0)
        print(f"| {kind} | {len(values)} | {mean[0]:.3f} | {mean[1]:.3f} | {mean[2]:.3f} | " +
              " | ".join(", ".join(t.split(", ")[:3]) for t in top.values()) + " |")
    print()
    for f1, key, kind, url, precision, recall in sorted(worst)[:40]:
        print(f"| {key} | {kind} | {precision:.2f} | {recall:.2f} | {f1:.2f} | {url[:80]} |")


if __name__ == "__main__":
    main()
