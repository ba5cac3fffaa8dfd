"""Weights of names (class, id, role, itemprop) and of phrases: the log-odds of standing at main content, each domain with one vote.

A word's weight comes from other domains than the row's own fold, in training as in scoring, so that the forests learn what such a
weight is worth on a site they have not seen. Only words of several domains have one.
"""
import numpy

PRIOR, STEP, LIMIT = 3.0, 1 / 16, 4.0
NAME_DOMAINS_MIN, PHRASE_DOMAINS_MIN = 8, 12
ODDS_MIN = 0.4  # a word nearer to the average says too little for its place in the table
# Columns of a feature row that hold these weights (extract/content/features.cc).
BRANCH_MIN, BRANCH_MAX, NAMES, PHRASES, BEFORE, AFTER, HEADING, HEADING_DISTANCE = 99, 100, 112, 119, 122, 123, 124, 125


class Counts:
    """Votes of each word by fold: kept and all."""

    def __init__(self, words, kept, total, domains, folds_of_domain, folds, domains_min):
        self.domains_min = domains_min
        ok = total > 0
        words, kept, total, domains = words[ok], kept[ok], total[ok], domains[ok]
        self.vocabulary, index = numpy.unique(words, return_inverse=True)
        n_domains = len(folds_of_domain)
        pairs, where = numpy.unique(index.astype(numpy.int64) * n_domains + domains, return_inverse=True)
        k, n = numpy.bincount(where, weights=kept), numpy.bincount(where, weights=total)
        token, domain = pairs // n_domains, pairs % n_domains
        spread = numpy.bincount(token, minlength=len(self.vocabulary)) >= domains_min
        slot = token * folds + folds_of_domain[domain]
        size = len(self.vocabulary) * folds
        self.kept = numpy.bincount(slot, weights=k / n, minlength=size).reshape(-1, folds)[spread]
        self.total = numpy.bincount(slot, minlength=size).reshape(-1, folds)[spread]
        self.vocabulary = self.vocabulary[spread]

    def weights(self, folds):
        """Of the vocabulary, from these folds alone; 0 where too few domains are left."""
        k, n = self.kept[:, folds].sum(1), self.total[:, folds].sum(1)
        prior = self.kept.sum() / self.total.sum()
        odds = numpy.log((k + PRIOR * prior) / (n - k + PRIOR * (1 - prior))) - numpy.log(prior / (1 - prior))
        odds[(n < 0.6 * self.domains_min) | (numpy.abs(odds) < ODDS_MIN)] = 0
        return numpy.round(numpy.clip(odds, -LIMIT, LIMIT) / STEP) * STEP

    def lookup(self, words, folds):
        values = self.weights(folds)
        at = numpy.searchsorted(self.vocabulary, words)
        at[at == len(self.vocabulary)] = 0
        return numpy.where(self.vocabulary[at] == words, values[at], 0).astype(numpy.float32)


def segments(counts):
    ends = numpy.cumsum(counts)
    return ends - counts, ends


def reduce(function, values, counts):
    """function.reduceat over segments, 0 for empty ones, and 0 always among the values."""
    out = numpy.zeros(len(counts), dtype=numpy.float32)
    some = counts > 0
    if some.any():
        out[some] = function.reduceat(values, segments(counts)[0][some])
    return out


class Words:
    """All pages' containers and blocks, in one numbering."""

    def __init__(self, parent, first, last, name_counts, names, blocks, phrases, domain_of_block, kept, weight, folds_of_domain, folds):
        self.parent, self.name_counts, self.names = parent, name_counts, names
        self.container, self.branch, self.phrase_counts, self.phrases = blocks[:, 0], blocks[:, 1], blocks[:, 4], phrases
        self.folds = folds
        sums = lambda v: numpy.concatenate([[0.0], numpy.cumsum(v, dtype=numpy.float64)])
        k, n = sums(kept * weight), sums(weight)
        owner = numpy.repeat(numpy.arange(len(parent)), name_counts)
        some = numpy.minimum(first, len(domain_of_block) - 1)
        self.name_votes = Counts(names, (k[last] - k[first])[owner], (n[last] - n[first])[owner], domain_of_block[some][owner],
                                 folds_of_domain, folds, NAME_DOMAINS_MIN)
        block = numpy.repeat(numpy.arange(len(blocks)), self.phrase_counts)
        self.phrase_votes = Counts(phrases, (kept * weight)[block], weight[block], domain_of_block[block], folds_of_domain,
                                   folds, PHRASE_DOMAINS_MIN)
        depth = numpy.zeros(len(parent), dtype=numpy.int32)
        for i, p in enumerate(parent.tolist()):
            depth[i] = depth[p] + 1 if p != i else 0
        self.by_depth = [numpy.flatnonzero(depth == d) for d in range(depth.max() + 1)]

    def fill(self, x, rows, folds):
        """Writes the columns of these weights, learned from `folds`, into the rows of x."""
        v = self.name_votes.lookup(self.names, folds)
        own_min = numpy.minimum(reduce(numpy.minimum, v, self.name_counts), 0)
        own_max = numpy.maximum(reduce(numpy.maximum, v, self.name_counts), 0)
        path_sum = reduce(numpy.add, v, self.name_counts)
        path_min, path_max = own_min.copy(), own_max.copy()
        for at in self.by_depth[1:]:
            above = self.parent[at]
            path_min[at] = numpy.minimum(path_min[at], path_min[above])
            path_max[at] = numpy.maximum(path_max[at], path_max[above])
            path_sum[at] += numpy.float32(0.8) * path_sum[above]
        c = self.container[rows]
        p, b = self.parent[c], self.branch[rows]
        for column, values in enumerate((own_min[c], own_max[c], own_min[p], own_max[p], path_min[c], path_max[c], path_sum[c])):
            x[rows, NAMES + column] = values
        x[rows, BRANCH_MIN], x[rows, BRANCH_MAX] = own_min[b], own_max[b]
        u = self.phrase_votes.lookup(self.phrases, folds)
        total = reduce(numpy.add, u, self.phrase_counts)
        x[rows, PHRASES] = total[rows]
        x[rows, PHRASES + 1] = numpy.minimum(reduce(numpy.minimum, u, self.phrase_counts), 0)[rows]
        x[rows, PHRASES + 2] = numpy.maximum(reduce(numpy.maximum, u, self.phrase_counts), 0)[rows]
        index = numpy.flatnonzero(rows) if rows.dtype == bool else rows
        first, last = self.first_of_page[index], self.last_of_page[index]
        x[rows, BEFORE] = numpy.where(index > first, total[numpy.maximum(index - 1, 0)], 0)
        x[rows, AFTER] = numpy.where(index + 1 < last, total[numpy.minimum(index + 1, len(total) - 1)], 0)
        distance = x[rows, HEADING_DISTANCE].astype(numpy.int64)
        x[rows, HEADING] = numpy.where(distance > 0, total[numpy.clip(index - distance, 0, len(total) - 1)], 0)
