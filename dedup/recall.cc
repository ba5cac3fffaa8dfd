#include "dedup/recall.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

namespace ftok {
namespace {

template <typename Number>
bool take_number(std::string_view& line, Number& number) {  // and the tab after it
  const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), number);
  if (error != std::errc()) return false;
  line.remove_prefix(static_cast<size_t>(end - line.data()));
  if (line.empty()) return true;
  if (line.front() != '\t') return false;
  line.remove_prefix(1);
  return true;
}

std::vector<double> exact_similarities(const std::vector<std::vector<uint64_t>>& shingles,
                                       const std::vector<SimilarPair>& pairs) {
  std::vector<std::vector<uint64_t>> sets = shingles;
  for (auto& set : sets) {
    std::sort(set.begin(), set.end());
    set.erase(std::unique(set.begin(), set.end()), set.end());
  }
  std::vector<double> similarities;
  for (const SimilarPair& pair : pairs) similarities.push_back(exact_jaccard(sets[pair.a], sets[pair.b]));
  return similarities;
}

// Under one seed: for each pair, whether the two share a bucket.
std::vector<bool> shared_buckets(const std::vector<std::vector<uint64_t>>& shingles,
                                 const std::vector<SimilarPair>& pairs, const MinHashParameters& parameters) {
  const MinHash minhash(parameters);
  std::vector<uint64_t> keys(shingles.size() * parameters.buckets), signature;
  for (size_t d = 0; d < shingles.size(); ++d) {
    minhash.signature(shingles[d], signature);
    minhash.bucket_keys(signature, std::span(keys).subspan(d * parameters.buckets, parameters.buckets));
  }
  std::vector<bool> shared;
  for (const SimilarPair& pair : pairs) {
    const uint64_t* a = keys.data() + pair.a * parameters.buckets;
    const uint64_t* b = keys.data() + pair.b * parameters.buckets;
    bool any = false;
    for (size_t bucket = 0; bucket < parameters.buckets; ++bucket) any = any || a[bucket] == b[bucket];
    shared.push_back(any && !shingles[pair.a].empty() && !shingles[pair.b].empty());
  }
  return shared;
}

}  // namespace

Result<std::vector<SimilarPair>> parse_pairs(std::string_view tsv) {
  std::vector<SimilarPair> pairs;
  for (uint64_t number = 1; !tsv.empty(); ++number) {
    const size_t end = std::min(tsv.find('\n'), tsv.size());
    std::string_view line = tsv.substr(0, end);
    tsv.remove_prefix(std::min(end + 1, tsv.size()));
    if (number == 1 || line.empty()) continue;
    SimilarPair pair;
    if (!take_number(line, pair.a) || !take_number(line, pair.b) || !take_number(line, pair.jaccard) ||
        !(pair.jaccard >= 0 && pair.jaccard <= 1)) {
      return Damage{"bad_pair", fmt::format("line {}: expected two document numbers and a similarity in 0..1", number),
                    0};
    }
    pairs.push_back(pair);
  }
  return pairs;
}

double bucket_probability(double jaccard, const MinHashParameters& parameters) {
  const double all_agree = std::pow(jaccard, static_cast<double>(parameters.hashes_per_bucket));
  return 1 - std::pow(1 - all_agree, static_cast<double>(parameters.buckets));
}

std::vector<RecallBin> measure_recall(const std::vector<std::vector<uint64_t>>& shingles,
                                      const std::vector<SimilarPair>& pairs, const RecallOptions& options) {
  const size_t bin_count = static_cast<size_t>(std::ceil(1 / options.bin_width - 1e-9));
  std::vector<RecallBin> bins(bin_count);
  std::vector<size_t> bin_of;
  for (const double j : exact_similarities(shingles, pairs)) {
    bin_of.push_back(std::min(static_cast<size_t>(j / options.bin_width + 1e-9), bin_count - 1));
    RecallBin& bin = bins[bin_of.back()];
    bin.pairs += 1;
    bin.mean_jaccard += j;
    bin.theory += bucket_probability(j, options.parameters);
  }
  const auto recall_of = [&](uint32_t seed) {
    MinHashParameters parameters = options.parameters;
    parameters.seed = seed;
    const std::vector<bool> shared = shared_buckets(shingles, pairs, parameters);
    std::vector<double> recall(bin_count, 0);
    for (size_t i = 0; i < pairs.size(); ++i) recall[bin_of[i]] += shared[i] ? 1 : 0;
    for (size_t b = 0; b < bin_count; ++b) recall[b] /= static_cast<double>(std::max<uint64_t>(bins[b].pairs, 1));
    return recall;
  };
  std::vector<double> squares(bin_count, 0);
  for (uint32_t s = 0; s < options.seeds; ++s) {
    const std::vector<double> recall = recall_of(options.first_seed + s);
    for (size_t b = 0; b < bin_count; ++b) {
      bins[b].mean_recall += recall[b] / options.seeds;
      squares[b] += recall[b] * recall[b] / options.seeds;
    }
  }
  const std::vector<double> by_default = recall_of(options.parameters.seed);
  std::vector<RecallBin> filled;
  for (size_t b = 0; b < bin_count; ++b) {
    RecallBin& bin = bins[b];
    if (bin.pairs == 0) continue;
    bin.low = static_cast<double>(b) * options.bin_width;
    bin.high = std::min(1.0, bin.low + options.bin_width);
    bin.mean_jaccard /= static_cast<double>(bin.pairs);
    bin.theory /= static_cast<double>(bin.pairs);
    bin.deviation = std::sqrt(std::max(0.0, squares[b] - bin.mean_recall * bin.mean_recall));
    bin.default_recall = by_default[b];
    filled.push_back(bin);
  }
  return filled;
}

JaccardDifference compare_jaccard(const std::vector<std::vector<uint64_t>>& shingles,
                                  const std::vector<SimilarPair>& pairs) {
  JaccardDifference difference;
  const std::vector<double> exact = exact_similarities(shingles, pairs);
  for (size_t i = 0; i < pairs.size(); ++i) {
    const double apart = std::abs(exact[i] - pairs[i].jaccard);
    difference.mean += apart / static_cast<double>(pairs.size());
    difference.largest = std::max(difference.largest, apart);
  }
  return difference;
}

}  // namespace ftok
