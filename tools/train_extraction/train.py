#!/usr/bin/env python3
"""Trains the block scorer of extract/ on the gold of the three page sets and writes its tables.

  train.py --pages DIR --block-features BINARY --scorer testdata.py --work DIR [--write extract]

DIR holds aeb/, trafilatura/ and wcxb/ as testdata.py unpacks them. Needs numpy and lightgbm (PyPI). Every block is a row, labelled by
labels.py. words.py weighs the words around it and in it. A first forest of trees sees a block and its page, a second also
the first one's scores of the block's surroundings. Folds are by registered domain across all sets together, so that no site is on both
sides; the scores printed are those of pages whose site the model has not seen. The tables written are fitted on all pages.
"""
import argparse, collections, importlib.util, json, multiprocessing, subprocess, sys, time, urllib.parse, zlib
from pathlib import Path

import lightgbm
import numpy

import labels as labelling
from words import Words

SETS = ("aeb", "trafilatura", "wcxb")
FOLDS, OUTER = 6, 3   # words are weighed in 6 folds, forests in 3 of two of these each
HIDDEN = 1 << 12  # extract/content/blocks.h
SECOND_LEVEL = {"co", "com", "org", "net", "ac", "gov", "edu", "or", "ne", "gob", "gouv"}


def domain_of(url):
    host = (urllib.parse.urlparse(url if "//" in (url or "") else "//" + (url or "")).hostname or "").lower()
    parts = host.split(".")
    size = 3 if len(parts) > 2 and len(parts[-1]) == 2 and parts[-2] in SECOND_LEVEL else 2
    return ".".join(parts[-size:])


def read_schema(path):
    """What ftok_block_features says of its rows: {"schema": hash, "features": {"room": N, "names": [...]}, "context": the same}."""
    return json.loads(Path(path).read_text())


def read_u32(path, columns=None):
    values = numpy.fromfile(path, dtype=numpy.uint32)
    return values.reshape(-1, columns).astype(numpy.int64) if columns else values


class Data:
    """Every block of every page: features, label, weight, domain; and the pages they are from."""

    def __init__(self, args):
        self.pages, self.files, x, y, w, domains = [], [], [], [], [], []
        containers, names, blocks, phrases = [], [], [], []
        at = containers_at = 0
        for name in SETS:
            folder, out = Path(args.pages) / name, f"{args.work}/{name}"
            gold = {d["key"]: d for d in map(json.loads, open(folder / "gold.jsonl"))}
            paths = sorted(str(p) for p in (folder / "html").glob("*.html"))
            if not args.reuse:
                subprocess.run([args.block_features, out, *paths], check=True)
            cached = Path(f"{out}.labels.json")
            label_cache = json.loads(cached.read_text()) if args.reuse and cached.exists() else {}
            self.schema = read_schema(out + ".features.json")
            x.append(numpy.fromfile(out + ".f32", dtype=numpy.float32).reshape(-1, self.schema["features"]["room"]))
            c, b, begin = read_u32(out + ".containers", 4), read_u32(out + ".blocks", 5), at
            names.append(read_u32(out + ".names"))
            phrases.append(read_u32(out + ".phrases"))
            row = container = 0
            for line in open(out + ".jsonl"):
                page = json.loads(line)
                key = Path(page["file"]).name[:-5]
                g, texts, size = gold[key], page["blocks"], page["containers"]
                if key not in label_cache:
                    label_cache[key] = labelling.label_by_snippets(texts, g) if "with" in g else labelling.label_by_text(texts, g["text"])
                label = numpy.array(label_cache[key], dtype=numpy.float32).reshape(-1)
                words = b[row:row + len(texts), 2]
                c[container:container + size, 0] += containers_at
                c[container:container + size, 1:3] += at
                b[row:row + len(texts), 0:2] += containers_at
                y.append(label)
                w.append(self.weigh(label, words, g))
                domains += [domain_of(g.get("url")) or key] * len(texts)
                self.pages.append((name, key, at, at + len(texts), texts, g.get("type", "")))
                at, row, container, containers_at = at + len(texts), row + len(texts), container + size, containers_at + size
            cached.write_text(json.dumps(label_cache))
            self.files.append((name, paths, begin, at))
            containers.append(c)
            blocks.append(b)
            assert row == len(x[-1]) == len(b) and container == len(c), (name, row, len(x[-1]), container, len(c))
        self.x, self.y, self.w = numpy.concatenate(x), numpy.concatenate(y), numpy.concatenate(w)
        self.w *= len(self.w) / self.w.sum()
        self.blocks = numpy.concatenate(blocks)
        self.words, self.ancestors = self.blocks[:, 2], self.blocks[:, 3]
        names_of_domains, domain = numpy.unique(domains, return_inverse=True)
        self.domains = len(names_of_domains)
        folds_of_domain = numpy.array([zlib.crc32(d.encode()) % FOLDS for d in names_of_domains])
        self.fold = folds_of_domain[domain]
        self.is_foreign = numpy.array([zlib.crc32(b"foreign " + d.encode()) % FOREIGN_SHARE == 0 for d in names_of_domains])[domain]
        c = numpy.concatenate(containers)
        kept = numpy.where(self.y < 0, 0, self.y)
        votes = numpy.where(self.y < 0, 0, self.words + 0.5)
        self.vocabulary = Words(c[:, 0], c[:, 1], c[:, 2], c[:, 3], numpy.concatenate(names), self.blocks, numpy.concatenate(phrases),
                                domain, kept, votes, folds_of_domain, FOLDS)
        bounds = numpy.array([(begin, end) for _, _, begin, end, _, _ in self.pages])
        sizes = bounds[:, 1] - bounds[:, 0]
        self.vocabulary.first_of_page = numpy.repeat(bounds[:, 0], sizes)
        self.vocabulary.last_of_page = numpy.repeat(bounds[:, 1], sizes)

    @staticmethod
    def weigh(label, words, gold):
        """A block weighs what it adds to or takes from its page's score: its words over those of the page's gold."""
        if "with" in gold:
            return numpy.where(label >= 0, 0.12, 0).astype(numpy.float32)
        total = len(labelling.WORD.findall(gold["text"]))
        if total == 0:
            return numpy.zeros(len(label), dtype=numpy.float32)
        weight = numpy.where(label >= 0, numpy.minimum(1.0, (words + 0.5) / (total + 30)), 0)
        return (weight * min(1.0, PAGE_WEIGHT_MAX / max(1e-9, weight.sum()))).astype(numpy.float32)


PAGE_WEIGHT_MAX = 3.0  # a page that is nearly all frame teaches no more than this
FOREIGN_SHARE, FOREIGN_WEIGHT = 4, 0.5  # of the domains every fourth is shown a second time as if in an unknown language, for half
# What a page in a script without capitals, whose phrases are in no table, does not show.
UNKNOWN_IN_OTHER_LANGUAGES = ("uppercase_share", "starts_lower_case", "phrase.sum", "phrase.min", "phrase.max", "phrase.sum_before",
                              "phrase.sum_after", "heading.phrase_sum")


def as_foreign(rows, names):
    """The rows as they would be, were the page in a language that the phrases do not know, in a script without capitals."""
    rows = rows.copy()
    rows[:, [names.index(name) for name in UNKNOWN_IN_OTHER_LANGUAGES]] = 0
    rows[:, names.index("letters_per_word")] = numpy.minimum(rows[:, names.index("letters_per_word")], 4.5)
    return rows


def fit(x, y, w, args, trees, rate):
    params = dict(objective="cross_entropy", num_leaves=args.leaves, max_depth=args.depth, learning_rate=rate, min_sum_hessian_in_leaf=0.4,
                  min_data_in_leaf=40, feature_fraction=0.4, bagging_fraction=0.7, bagging_freq=1, lambda_l2=2.0, verbosity=-1,
                  num_threads=1, deterministic=True, seed=args.seed, max_bin=63, force_row_wise=True)
    use = (w > 0) & (y >= 0)
    return lightgbm.train(params, lightgbm.Dataset(x[use], y[use], weight=w[use], free_raw_data=True), trees)


def squash(score):  # as extract/content/forest.cc
    return ((1 + score / (1 + numpy.abs(score))) / 2).astype(numpy.float32)


def fit_fold(task):
    """Fits on the rows outside outer fold `k` and scores those in it, as they are and as_foreign; k = -1: fits on all, scores all."""
    k, data, args, extra, foreign_extra = task
    x = data.x if extra is None else numpy.concatenate([data.x, extra], axis=1)
    names = data.schema["features"]["names"]

    def foreign(rows):
        altered = as_foreign(x[rows], names)
        if extra is not None:
            altered[:, data.x.shape[1]:] = foreign_extra[rows]
        return altered

    inner = [f for f in range(FOLDS) if f % OUTER != k]
    for f in inner:
        data.vocabulary.fill(x, data.fold == f, [g for g in inner if g != f])
    test = data.fold % OUTER == k
    if k >= 0:
        data.vocabulary.fill(x, test, inner)
    again = ~test & data.is_foreign & (data.w > 0) & (data.y >= 0)
    trees, rate = (args.trees, args.rate) if extra is None else (args.second_trees or args.trees, args.second_rate or args.rate)
    model = fit(numpy.concatenate([x[~test], foreign(again)]), numpy.concatenate([data.y[~test], data.y[again]]),
                numpy.concatenate([data.w[~test], FOREIGN_WEIGHT * data.w[again]]), args, trees, rate)
    print(f"  fold {k} done, {time.process_time():.0f} s", file=sys.stderr, flush=True)
    if k < 0:
        return k, model.model_to_string()
    predict = lambda rows: model.predict(rows, raw_score=True, num_threads=1).astype(numpy.float32)
    return k, (predict(x[test]), predict(foreign(test)))


TASKS = []  # what the forked processes work on: forking copies nothing


def run_task(i):
    return fit_fold(TASKS[i])


def out_of_fold(data, args, extra=None, foreign_extra=None):
    """The sums of every block by a model of the other outer folds, as it is and as_foreign, and a model of all blocks where one is to
    be written."""
    p, foreign, model = numpy.zeros(len(data.y), dtype=numpy.float32), numpy.zeros(len(data.y), dtype=numpy.float32), None
    TASKS[:] = [(k, data, args, extra, foreign_extra) for k in ([-1] if args.write else []) + list(range(OUTER))]
    with multiprocessing.get_context("fork").Pool(min(len(TASKS), args.processes)) as pool:
        for k, result in pool.imap_unordered(run_task, range(len(TASKS))):
            if k < 0:
                model = lightgbm.Booster(model_str=result)
            else:
                p[data.fold % OUTER == k], foreign[data.fold % OUTER == k] = result
    return p, foreign, model


def context(args, p, data):
    rows = []
    for name, paths, begin, end in data.files:
        scores = f"{args.work}/{name}.score"
        p[begin:end].tofile(scores)
        subprocess.run([args.block_features, f"{args.work}/{name}.context", "--scores", scores, *paths], check=True)
        rows.append(numpy.fromfile(f"{args.work}/{name}.context.f32", dtype=numpy.float32).reshape(-1, data.schema["context"]["room"]))
    return numpy.concatenate(rows)


def probability(sums):
    return (1 / (1 + numpy.exp(-numpy.clip(sums.astype(numpy.float64), -30, 30)))).astype(numpy.float32)


def product_texts(args, data, p, share):
    """What the product would write, were `p` its scores: by set and key the text, and one truth value a block of `data`."""
    texts, keep = collections.defaultdict(dict), numpy.zeros(len(p), dtype=bool)
    for name, paths, begin, end in data.files:
        scores = f"{args.work}/{name}.p"
        p[begin:end].tofile(scores)
        subprocess.run([args.block_features, f"{args.work}/{name}.texts", "--texts", scores, str(share), *paths], check=True)
        at = begin
        for line in open(f"{args.work}/{name}.texts.jsonl"):
            page = json.loads(line)
            texts[name][Path(page["file"]).name[:-5]] = page["text"]
            keep[at:at + len(page["keep"])] = page["keep"]
            at += len(page["keep"])
    return texts, keep


def evaluate(testdata, gold, args, data, p, share):
    texts, _ = product_texts(args, data, p, share)
    return {name: testdata.score_pages(gold[name], texts[name]) for name in SETS}


def load_scorer(args):
    spec = importlib.util.spec_from_file_location("testdata", args.scorer)
    testdata = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(testdata)
    return testdata, {name: testdata.gold_of(Path(args.pages) / name) for name in SETS}


def write_forest(out, name, model):
    """Nodes as extract/content/content_model.h has them: (threshold, children, feature); a leaf is its own child and holds its value."""
    nodes, trees = [], []
    def add(node):
        at = len(nodes)
        nodes.append((node.get("leaf_value"), at, at, 0))
        if "leaf_value" in node:
            return 0
        left = len(nodes)
        left_depth = add(node["left_child"])
        right = len(nodes)
        right_depth = add(node["right_child"])
        nodes[at] = (node["threshold"], left, right, node["split_feature"])
        return 1 + max(left_depth, right_depth)
    for tree in model.dump_model()["tree_info"]:
        root = len(nodes)
        trees.append((root, add(tree["tree_structure"])))
    out.append(f"constexpr TreeNode k{name}Nodes[] = {{")
    text = ["{%s,{%d,%d},%d}" % (c_float(t), l, r, f) for t, l, r, f in nodes]
    out += ["    " + ", ".join(text[i:i + 5]) + "," for i in range(0, len(text), 5)]
    out.append("};")
    out.append(f"constexpr Tree k{name}Trees[] = {{")
    text = ["{%d,%d}" % tree for tree in trees]
    out += ["    " + ", ".join(text[i:i + 12]) + "," for i in range(0, len(text), 12)]
    out.append("};")


def c_float(value):
    text = f"{float(numpy.float32(value)):.8g}"
    return (text if "." in text or "e" in text else text + ".") + "F"


def write_words(path, vocabulary):
    lines = ["// Made by tools/train_extraction/train.py; see docs/extraction.md.", "// clang-format off", '#include "extract/content/word_model.h"', "",
             "#include <array>", "#include <cstddef>", "", "namespace ftok::html {", "", "namespace {", "",
             "// Open addressing: the slot of a word is its low bits, then the next ones. Weights are in sixteenths; an empty slot's word is 0.", ""]
    for title, votes in (("Name", vocabulary.name_votes), ("Phrase", vocabulary.phrase_votes)):
        values = numpy.round(votes.weights(list(range(FOLDS))) * 16).astype(int)
        rows = [(int(h), int(v)) for h, v in zip(votes.vocabulary, values) if v != 0 and h != 0]
        size = 1 << (int(len(rows) / 0.8) - 1).bit_length()
        words, weights = [0] * size, [0] * size
        for word, weight in rows:
            slot = word % size
            while weights[slot]:
                slot = (slot + 1) % size
            words[slot], weights[slot] = word, weight
        lines.append(f"constexpr uint32_t k{title}s[] = {{  // {len(rows)} of them")
        lines += ["    " + ",".join(map(str, words[i:i + 14])) + "," for i in range(0, size, 14)]
        lines += ["};", f"constexpr int8_t k{title}Weights[] = {{"]
        lines += ["    " + ",".join(map(str, weights[i:i + 36])) + "," for i in range(0, size, 36)]
        lines += ["};", ""]
    lines += ["// Four bits a slot, by a word's highest bits: a first look that tells most words from these, and stays near the processor.",
              "template <size_t N>", "constexpr std::array<uint64_t, N / 16> signs_of(const uint32_t (&words)[N]) {",
              "  std::array<uint64_t, N / 16> signs{};", "  for (const uint32_t word : words) {",
              "    const size_t sign = uint64_t{word} * (N * 4) >> 32;",
              "    if (word != 0) signs[sign / 64] |= uint64_t{1} << sign % 64;", "  }", "  return signs;", "}",
              "constexpr auto kNameSigns = signs_of(kNames);", "constexpr auto kPhraseSigns = signs_of(kPhrases);", "",
              "template <size_t N>", "float find(const uint32_t (&words)[N], const int8_t (&weights)[N], const std::array<uint64_t, N / 16>& signs, uint32_t word) {",
              "  static_assert((N & (N - 1)) == 0);",
              "  const size_t sign = uint64_t{word} * (N * 4) >> 32;",
              "  if ((signs[sign / 64] >> sign % 64 & 1) == 0) return 0;",
              "  for (size_t slot = word & (N - 1); words[slot] != 0; slot = (slot + 1) & (N - 1)) {",
              "    if (words[slot] == word) return static_cast<float>(weights[slot]) / 16;", "  }", "  return 0;", "}", "",
              "}  // namespace", "",
              "float weight_of_name(uint32_t name) { return find(kNames, kNameWeights, kNameSigns, name); }",
              "float weight_of_phrase(uint32_t phrase) { return find(kPhrases, kPhraseWeights, kPhraseSigns, phrase); }", "", "}  // namespace ftok::html"]
    Path(path).write_text("\n".join(lines) + "\n")


def write_model(args, data, first, second):
    folder = Path(args.write)
    first.save_model(f"{args.work}/first.txt")
    second.save_model(f"{args.work}/second.txt")
    out = ["// Made by tools/train_extraction/train.py; see docs/extraction.md for the data and the cross-validated scores.", "// clang-format off",
           '#include "extract/content/content_model.h"', "", "#include <iterator>", "", '#include "extract/content/feature_list.h"', "",
           "namespace ftok::html {", "",
           "// The features that the trees were fitted on, in their places (ftok_block_features writes the hash beside the rows).",
           f'static_assert(kFeatureSchema == {data.schema["schema"]}U, "feature_list.h changed: the model needs to be trained again");', "",
           "namespace {", ""]
    write_forest(out, "First", first)
    write_forest(out, "Second", second)
    out += ["", "}  // namespace", "",
            "Forest first_forest() { return {kFirstNodes, kFirstTrees, std::size(kFirstTrees)}; }",
            "Forest second_forest() { return {kSecondNodes, kSecondTrees, std::size(kSecondTrees)}; }",
            "", "}  // namespace ftok::html"]
    (folder / "content_model.cc").write_text("\n".join(out) + "\n")
    write_words(folder / "word_model.cc", data.vocabulary)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pages", required=True)
    parser.add_argument("--block-features", required=True)
    parser.add_argument("--scorer", required=True, help="testdata.py")
    parser.add_argument("--work", required=True)
    parser.add_argument("--reuse", action="store_true", help="take features and labels that are in --work already")
    parser.add_argument("--write", help="folder of content_model.cc and word_model.cc")
    parser.add_argument("--trees", type=int, default=80)
    parser.add_argument("--second-trees", type=int, help="of the second forest (default --trees)")
    parser.add_argument("--leaves", type=int, default=24)
    parser.add_argument("--depth", type=int, default=7)
    parser.add_argument("--rate", type=float, default=0.1)
    parser.add_argument("--second-rate", type=float, help="of the second forest (default --rate)")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--processes", type=int, default=4, help="folds fitted at once (half a gigabyte each)")
    args = parser.parse_args()
    Path(args.work).mkdir(parents=True, exist_ok=True)
    data = Data(args)
    testdata, gold = load_scorer(args)
    print(f"{len(data.pages)} pages, {data.domains} domains, {len(data.y)} blocks, {int((data.w > 0).sum())} labelled, "
          f"{len(data.vocabulary.name_votes.vocabulary)} names, {len(data.vocabulary.phrase_votes.vocabulary)} phrases", flush=True)
    def show(label, p, shares=(0.5, 0.6, 0.7)):
        for share in shares:
            scores = evaluate(testdata, gold, args, data, p, share)
            print(label, share, "  ".join(
                f"{n} p{s['precision']:.4f} r{s['recall']:.4f} f{s['f1']:.4f}" for n, s in scores.items()))
            print("   ", "  ".join(f"{k[3:]} {v:.4f}" for k, v in scores["wcxb"].items() if k.startswith("f1.")), flush=True)
    show("labels", numpy.where(data.y < 0, 0.9, 0.1 + 0.8 * data.y).astype(numpy.float32), (0.5,))
    first_sums, first_foreign, first = out_of_fold(data, args)
    show("first", probability(first_sums), (0.6,))
    extra, foreign_extra = (context(args, squash(sums), data) for sums in (first_sums, first_foreign))
    second_sums, second_foreign, second = out_of_fold(data, args, extra, foreign_extra)
    numpy.save(f"{args.work}/p.npy", probability(second_sums))
    numpy.save(f"{args.work}/p_foreign.npy", probability(second_foreign))
    show("second", probability(second_sums))
    show("as in an unknown language", probability(second_foreign), (0.6,))
    if args.write:
        write_model(args, data, first, second)


if __name__ == "__main__":
    main()
