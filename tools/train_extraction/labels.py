"""Labels: which blocks of a page its gold asks for.

Gold texts (aeb, wcxb): a block of eight words and more is labelled with the share of its words covered by 4-grams of the gold. A
shorter one is laid against the gold by a longest common subsequence of the whole page and the whole text: it is wanted when all
its words fall on gold words in a row, on a line of their own or beside words of a longer block that is wanted. Gold snippets
(trafilatura): a block that holds a must-have snippet is wanted, one that holds a must-not-have snippet is not, others are unknown.
"""
import collections, re

WORD = re.compile(r"\w+")
LONG = 8          # words
ALIGNMENT_MAX = 600_000_000  # bits of a page's alignment; longer pages take lines alone
fold_space = lambda s: re.sub(r"\s+", " ", s).strip()


def gram_shares(tokens, gold):
    grams = {n: {tuple(gold[i:i + n]) for i in range(len(gold) - n + 1)} for n in (1, 2, 3, 4)}
    shares = []
    for t in tokens:
        if not t:
            shares.append(None)
            continue
        n, covered = min(4, len(t)), [False] * len(t)
        for i in range(len(t) - n + 1):
            if tuple(t[i:i + n]) in grams[n]:
                covered[i:i + n] = [True] * n
        shares.append(sum(covered) / len(t))
    return shares


def align(page, gold):
    """For each word of the page the gold word it falls on, or -1: bit-parallel longest common subsequence (Hyyro 2004)."""
    if not page or not gold or len(page) * len(gold) > ALIGNMENT_MAX:
        return [-1] * len(page)
    where = collections.defaultdict(int)
    for j, word in enumerate(gold):
        where[word] |= 1 << j
    mask, rows, v = (1 << len(gold)) - 1, [], (1 << len(gold)) - 1
    for word in page:
        u = v & where.get(word, 0)
        v = ((v + u) | (v - u)) & mask
        rows.append(v)
    out, row, column = [-1] * len(page), len(page), len(gold)
    while row and column:
        if rows[row - 1] >> (column - 1) & 1:
            column -= 1
        else:
            row -= 1
            if row and not rows[row - 1] >> (column - 1) & 1:
                continue
            column -= 1
            out[row] = column
    return out


def label_by_text(blocks, text):
    gold = WORD.findall(text.lower())
    tokens = [WORD.findall(b.lower()) for b in blocks]
    shares = gram_shares(tokens, gold)
    lines = {tuple(WORD.findall(line.lower())) for line in text.split("\n")}
    at = align([w for t in tokens for w in t], gold)
    out, begin, taken = [], 0, set()
    for t, share in zip(tokens, shares):
        if t and len(t) >= LONG and share >= 0.5:
            taken.update(p for p in at[begin:begin + len(t)] if p >= 0)
        begin += len(t)
    begin = 0
    for t, share in zip(tokens, shares):
        mine = at[begin:begin + len(t)]
        begin += len(t)
        if not t:
            out.append(-1)
        elif len(t) >= LONG:
            out.append(share)
        elif mine[0] < 0 or mine != list(range(mine[0], mine[0] + len(t))):
            out.append(0)
        else:
            near = any(p in taken for p in range(mine[0] - 3, mine[-1] + 4))
            out.append(1 if tuple(t) in lines or near else 0.5 if len(t) >= 4 else 0)
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
