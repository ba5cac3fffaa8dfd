#!/usr/bin/env python3
"""Trains the block scorer of extract/ on the gold of the three page sets and writes extract/content_model.cc.

  train.py --pages DIR --block-features BINARY --work DIR [--write extract/content_model.cc]

DIR holds aeb/, trafilatura/ and wcxb/ as testdata.py unpacks them. Needs numpy and lightgbm (PyPI).

Every block is a row. It is labelled by the share of its words whose 4-grams stand in the page's gold text (aeb, wcxb) or by a
must-have or must-not-have snippet it holds (trafilatura). Two forests of trees: the first sees a block and its page, the second
also what the first said of the block's surroundings. Folds are by registered domain across all sets together, so that no site is
on both sides; the scores printed are those of pages whose site the model has not seen. The forest written is fitted on all.
"""
import argparse, collections, json, re, subprocess, sys, urllib.parse
from pathlib import Path

import lightgbm
import numpy

SETS = ("aeb", "trafilatura", "wcxb")
FEATURES, CONTEXT, FOLDS = 128, 20, 3
WORD = re.compile(r"\w+")
SECOND_LEVEL = {"co", "com", "org", "net", "ac", "gov", "edu", "or", "ne", "gob", "gouv"}
fold_space = lambda s: re.sub(r"\s+", " ", s).strip()


def domain_of(url):
    host = (urllib.parse.urlparse(url if "//" in (url or "") else "//" + (url or "")).hostname or "").lower()
    parts = host.split(".")
    size = 3 if len(parts) > 2 and len(parts[-1]) == 2 and parts[-2] in SECOND_LEVEL else 2
    return ".".join(parts[-size:])


def grams(words, n):
    return {tuple(words[i:i + n]) for i in range(len(words) - n + 1)}


def label_by_text(blocks, gold):
    """Share of each block's words found in the gold text; short blocks need a whole line, or a kept neighbour."""
    words = WORD.findall(gold.lower())
    sets = {n: grams(words, n) for n in (1, 2, 3, 4)}
    lines = {" ".join(WORD.findall(line.lower())) for line in gold.split("\n")}
    shares, tokens = [], []
    for text in blocks:
        t = WORD.findall(text.lower())
        tokens.append(t)
        if not t:
            shares.append(None)
            continue
        n = min(4, len(t))
        covered = [False] * len(t)
        for i in range(len(t) - n + 1):
            if tuple(t[i:i + n]) in sets[n]:
                covered[i:i + n] = [True] * n
        shares.append(sum(covered) / len(t))
    out = []
    for i, (share, t) in enumerate(zip(shares, tokens)):
        if share is None:
            out.append(-1)
        elif len(t) >= 5:
            out.append(1 if share >= 0.5 else 0)
        else:
            near = any(shares[k] is not None and len(tokens[k]) >= 8 and shares[k] >= 0.7
                       for k in range(max(0, i - 4), min(len(t) and len(shares), i + 5)) if k != i)
            out.append(1 if share == 1 and (" ".join(t) in lines and near or near and len(t) >= 2) else 0)
    return out


def label_by_snippets(blocks, gold):
    out = [-1] * len(blocks)
    folded = [fold_space(b) for b in blocks]
    for label, snippets in ((1, gold["with"]), (0, gold["without"])):
        for snippet in map(fold_space, snippets):
            for i, text in enumerate(folded):
                if snippet and snippet in text:
                    out[i] = label
    return out


def load(args):
    rows, labels, weights, groups, pages, files = [], [], [], [], [], []
    for name in SETS:
        folder = Path(args.pages) / name
        gold = {d["key"]: d for d in map(json.loads, open(folder / "gold.jsonl"))}
        paths = sorted(str(p) for p in (folder / "html").glob("*.html"))
        out = f"{args.work}/{name}"
        subprocess.run([args.block_features, out, *paths], check=True)
        matrix = numpy.fromfile(out + ".f32", dtype=numpy.float32).reshape(-1, FEATURES)
        at = 0
        for line in open(out + ".jsonl"):
            page = json.loads(line)
            key = Path(page["file"]).name[:-5]
            g, blocks = gold[key], page["blocks"]
            sizes = [len(WORD.findall(b)) for b in blocks]
            if "with" in g:
                label = label_by_snippets(blocks, g)
                weight = [0.12 if l >= 0 else 0 for l in label]
            else:
                label = label_by_text(blocks, g["text"])
                total = len(WORD.findall(g["text"])) + 30
                weight = [min(3.0, (s + 0.5) / total) if l >= 0 and total > 30 else 0 for s, l in zip(sizes, label)]
            pages.append((name, key, len(labels), len(labels) + len(blocks), blocks))
            groups += [domain_of(g.get("url"))] * len(blocks)
            labels += label
            weights += weight
            at += len(blocks)
        rows.append(matrix)
        files.append((name, paths, at))
        assert at == len(matrix), (name, at, len(matrix))
    return numpy.concatenate(rows), numpy.array(labels), numpy.array(weights), groups, pages, files


def folds_of(groups):
    import zlib
    return numpy.array([zlib.crc32(g.encode()) % FOLDS for g in groups])


def fit(x, y, w, trees, leaves, rate):
    params = dict(objective="binary", num_leaves=leaves, learning_rate=rate, min_sum_hessian_in_leaf=0.4, min_data_in_leaf=40,
                  feature_fraction=0.4, bagging_fraction=0.7, bagging_freq=1, lambda_l2=2.0, verbosity=-1, num_threads=2,
                  deterministic=True, seed=7, max_bin=63, force_row_wise=True)
    use = w > 0
    return lightgbm.train(params, lightgbm.Dataset(x[use], y[use], weight=w[use], free_raw_data=True), trees)


def squash(score):  # as extract/forest.cc
    return (1 + score / (1 + numpy.abs(score))) / 2


def out_of_fold(x, y, w, fold, trees, leaves, rate):
    p = numpy.zeros(len(y), dtype=numpy.float32)
    for k in range(FOLDS):
        model = fit(x[fold != k], y[fold != k], w[fold != k], trees, leaves, rate)
        p[fold == k] = squash(model.predict(x[fold == k], raw_score=True))
        print(f"  fold {k} done", file=sys.stderr, flush=True)
    return p


def context(args, p, files):
    rows, at = [], 0
    for name, paths, count in files:
        scores = f"{args.work}/{name}.score"
        p[at:at + count].astype(numpy.float32).tofile(scores)
        subprocess.run([args.block_features, f"{args.work}/{name}.context", "--scores", scores, *paths], check=True)
        rows.append(numpy.fromfile(f"{args.work}/{name}.context.f32", dtype=numpy.float32).reshape(-1, CONTEXT))
        at += count
    return numpy.concatenate(rows)


def evaluate(args, p, pages, threshold, hidden=None):
    sys.path.insert(0, str(Path(args.pages)))
    import importlib.util
    spec = importlib.util.spec_from_file_location("testdata", args.scorer)
    testdata = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(testdata)
    predictions = collections.defaultdict(dict)
    for name, key, begin, end, blocks in pages:
        seen, kept = set(), []
        for text, score in zip(blocks, p[begin:end]):
            if score > threshold and not (len(text) >= 20 and text in seen):
                seen.add(text)
                kept.append(text)
        predictions[name][key] = "\n".join(kept)
    out = []
    for name in SETS:
        gold = testdata.gold_of(Path(args.pages) / name)
        out.append((name, testdata.score_pages(gold, predictions[name])))
    return out


def write_forest(out, name, model):
    """Flat arrays. A node is (feature, threshold, left, right); a negative child is the leaf ~child."""
    dump = model.dump_model()
    nodes, leaves, roots = [], [], []
    for tree in dump["tree_info"]:
        root = tree["tree_structure"]
        def add(node):
            if "leaf_value" in node:
                leaves.append(node["leaf_value"])
                return ~(len(leaves) - 1)
            at = len(nodes)
            nodes.append(None)
            left, right = add(node["left_child"]), add(node["right_child"])
            nodes[at] = (node["split_feature"], node["threshold"], left, right)
            return at
        roots.append(add(root))
    out.append(f"constexpr TreeNode k{name}Nodes[] = {{")
    text = ["{%s,%d,%d,%d}" % (c_float(t), l, r, f) for f, t, l, r in nodes]
    out += ["    " + ", ".join(text[i:i + 5]) + "," for i in range(0, len(text), 5)]
    out.append("};")
    out.append(f"constexpr float k{name}Leaves[] = {{")
    out += ["    " + ", ".join(c_float(v) for v in leaves[i:i + 10]) + "," for i in range(0, len(leaves), 10)]
    out.append("};")
    out.append(f"constexpr int32_t k{name}Roots[] = {{")
    out += ["    " + ", ".join(map(str, roots[i:i + 20])) + "," for i in range(0, len(roots), 20)]
    out.append("};")


def c_float(value):
    text = f"{float(numpy.float32(value)):.8g}"
    return (text if "." in text or "e" in text else text + ".") + "F"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pages", required=True)
    parser.add_argument("--block-features", required=True)
    parser.add_argument("--scorer", required=True, help="testdata.py")
    parser.add_argument("--work", required=True)
    parser.add_argument("--write")
    parser.add_argument("--trees", type=int, default=120)
    parser.add_argument("--leaves", type=int, default=24)
    parser.add_argument("--rate", type=float, default=0.1)
    args = parser.parse_args()
    Path(args.work).mkdir(parents=True, exist_ok=True)
    x, y, w, groups, pages, files = load(args)
    w = w * (len(w) / w.sum())
    fold = folds_of(groups)
    print(f"{len(pages)} pages, {len(set(groups))} domains, {len(y)} blocks, {int((y == 1).sum())} kept, "
          f"{int((w > 0).sum())} labelled", flush=True)
    p1 = out_of_fold(x, y, w, fold, args.trees, args.leaves, args.rate)
    def show(label, p):
        for threshold in (0.3, 0.35, 0.4, 0.45, 0.5):
            print(label, threshold, "  ".join(
                f"{n} p{s['precision']:.4f} r{s['recall']:.4f} f{s['f1']:.4f}" for n, s in evaluate(args, p, pages, threshold)))
        types = evaluate(args, p, pages, 0.4)[2][1]
        print("   ", "  ".join(f"{k[3:]} {v:.4f}" for k, v in types.items() if k.startswith("f1.")), flush=True)
    show("first", p1)
    x2 = numpy.concatenate([x, context(args, p1, files)], axis=1)
    p2 = out_of_fold(x2, y, w, fold, args.trees, args.leaves, args.rate)
    show("second", p2)
    numpy.save(f"{args.work}/p2.npy", p2)
    if not args.write:
        return
    first = fit(x, y, w, args.trees, args.leaves, args.rate)
    second = fit(x2, y, w, args.trees, args.leaves, args.rate)
    out = ["// Made by tools/train_extraction/train.py; see docs/extraction.md for the data and the cross-validated scores.",
           '#include "extract/content_model.h"', "", "#include <iterator>", "", "namespace ftok::html {", "", "namespace {", ""]
    write_forest(out, "First", first)
    write_forest(out, "Second", second)
    out += ["", "}  // namespace", "",
            "Forest first_forest() { return {kFirstNodes, kFirstLeaves, kFirstRoots, std::size(kFirstRoots)}; }",
            "Forest second_forest() { return {kSecondNodes, kSecondLeaves, kSecondRoots, std::size(kSecondRoots)}; }",
            "", "}  // namespace ftok::html"]
    Path(args.write).write_text("\n".join(out) + "\n")


main()
