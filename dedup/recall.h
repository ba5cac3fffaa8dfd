// How many near-duplicate pairs share a bucket, by how similar they are: MinHash compared with its theory.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "dedup/minhash.h"

namespace ftok {

// Two documents by their numbers from 0, and how similar someone says they are.
struct SimilarPair {
  uint32_t a = 0;
  uint32_t b = 0;
  double jaccard = 0;
};

// Reads "a\tb\tjaccard[\t...]" lines under a header line. Damage: "bad_pair", with the line in `detail`.
Result<std::vector<SimilarPair>> parse_pairs(std::string_view tsv);

// The probability that two documents of this similarity share a bucket: 1 - (1 - j^hashes)^buckets.
double bucket_probability(double jaccard, const MinHashParameters& parameters);

// One range of similarities, low <= j < high (the last one: <= high). The similarity is the exact one of the shingle
// sets.
struct RecallBin {
  double low = 0, high = 0;
  uint64_t pairs = 0;
  double mean_jaccard = 0;
  double theory = 0;          // mean over the pairs of bucket_probability
  double mean_recall = 0;     // share of pairs with a common bucket, mean over the seeds
  double deviation = 0;       // standard deviation of that share from seed to seed
  double default_recall = 0;  // the share under parameters.seed
};

struct RecallOptions {
  MinHashParameters parameters;
  uint32_t first_seed = 0;  // seeds first_seed .. first_seed + seeds - 1
  uint32_t seeds = 200;
  double bin_width = 0.1;
};

// `shingles[d]` are document d's, in any order, repeats allowed; every pair's documents are in it. Bins without pairs
// are left out. Work: seeds x shingles x hashes.
std::vector<RecallBin> measure_recall(const std::vector<std::vector<uint64_t>>& shingles,
                                      const std::vector<SimilarPair>& pairs, const RecallOptions& options);

// Mean and largest absolute difference between the pairs' given similarity and the exact one of the shingle sets.
struct JaccardDifference {
  double mean = 0;
  double largest = 0;
};
JaccardDifference compare_jaccard(const std::vector<std::vector<uint64_t>>& shingles,
                                  const std::vector<SimilarPair>& pairs);

}  // namespace ftok
