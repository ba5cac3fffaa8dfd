#include "trainer/mixture.h"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <numeric>

#include "core/error.h"
#include "shards/checksum.h"
#include "trainer/random.h"

namespace ftok {
namespace {

constexpr uint64_t kRound = 1024;
constexpr uint64_t kMixtureStream = uint64_t{3} << 32;  // apart from the other streams of a run's seed

// `weights` as whole numbers that add up to kRound (the largest remainders are rounded up; nothing is, of 0).
std::vector<uint64_t> shares_of(const std::vector<double>& weights) {
  const double sum = std::accumulate(weights.begin(), weights.end(), 0.0);
  std::vector<uint64_t> shares;
  std::vector<std::pair<double, size_t>> remainders;
  for (size_t i = 0; i < weights.size(); ++i) {
    const double share = weights[i] / sum * static_cast<double>(kRound);
    shares.push_back(static_cast<uint64_t>(share));
    if (share > 0) remainders.push_back({static_cast<double>(shares.back()) - share, i});
  }
  std::sort(remainders.begin(), remainders.end());
  const uint64_t missing = kRound - std::accumulate(shares.begin(), shares.end(), uint64_t{0});
  for (uint64_t i = 0; i < missing; ++i) ++shares[remainders[i % remainders.size()].second];
  return shares;
}

}  // namespace

Mixture::Mixture(std::vector<Source> sources, uint64_t seed, const std::vector<Stage>& stages)
    : sources_(std::move(sources)), seed_(seed) {
  assert(!sources_.empty());
  std::vector<double> weights;
  for (const Source& source : sources_) {
    weights.push_back(source.weight > 0 ? source.weight : static_cast<double>(source.loader->windows()));
  }
  add_part(0, weights, false);
  for (const Stage& stage : stages) add_part(stage.begin, stage.weights, true);
}

void Mixture::add_part(uint64_t begin, const std::vector<double>& weights, bool may_leave_out) {
  Part part{begin, 0, shares_of(weights), std::vector<uint64_t>(weights.size())};
  for (size_t i = 0; i < part.shares.size(); ++i) {
    if (part.shares[i] == 0 && !(may_leave_out && weights[i] == 0))
      throw UsageError(fmt::format("{}: its share of the training data is below 1 in {}", sources_[i].name, kRound));
  }
  if (!parts_.empty()) {
    const Part& before = parts_.back();
    assert(begin >= before.begin);
    const uint64_t rounds = (begin - before.begin + kRound - 1) / kRound;
    part.first_round = before.first_round + rounds;
    for (size_t i = 0; i < part.first.size(); ++i) part.first[i] = before.first[i] + rounds * before.shares[i];
  }
  parts_.push_back(std::move(part));
}

uint64_t Mixture::windows() const {
  uint64_t sum = 0;
  for (const Source& source : sources_) sum += source.loader->windows();
  return sum;
}

Mixture::Place Mixture::place_of(uint64_t number) const {
  if (sources_.size() == 1) return {sources_[0].loader.get(), number};
  const auto after = std::upper_bound(parts_.begin(), parts_.end(), number,
                                      [](uint64_t n, const Part& part) { return n < part.begin; });
  const Part& part = *std::prev(after);
  const uint64_t round = (number - part.begin) / kRound;
  uint64_t at =
      random_permutation(seed_, kMixtureStream + part.first_round + round, (number - part.begin) % kRound, kRound);
  size_t source = 0;
  while (at >= part.shares[source]) at -= part.shares[source++];
  return {sources_[source].loader.get(), part.first[source] + round * part.shares[source] + at};
}

Batch Mixture::batch(uint64_t begin, int64_t B) const {
  Batch batch = sources_[0].loader->make_batch(B);
  for (int64_t row = 0; row < B; ++row) {
    const Place place = place_of(begin + static_cast<uint64_t>(row));
    place.loader->fill(batch, row, place.number);
  }
  return batch;
}

std::string Mixture::place(uint64_t number) const {
  const Place place = place_of(number);
  return place.loader->place(place.number);
}

std::string Mixture::checksum(FileChecksums& files) const {
  std::string checksums;
  for (const Source& source : sources_) checksums += source.loader->checksum(files) + "\n";
  return checksum_of(checksums);
}

std::string Mixture::shared_shard(const Mixture& other) const {
  for (const Source& source : sources_) {
    for (const std::string& path : source.loader->paths()) {
      for (const Source& others : other.sources_) {
        if (others.loader->has_file(path)) return path;
      }
    }
  }
  return "";
}

std::string Mixture::description() const {
  if (sources_.size() == 1) return fmt::format("{} windows", sources_[0].loader->windows());
  std::string text;
  for (size_t i = 0; i < sources_.size(); ++i) {
    text += fmt::format("{}{} windows x {}", i == 0 ? "" : " + ", sources_[i].loader->windows(), parts_[0].shares[i]);
  }
  for (size_t i = 1; i < parts_.size(); ++i)
    text += fmt::format(", from window {} x {}", parts_[i].begin, fmt::join(parts_[i].shares, " + x "));
  return text;
}

}  // namespace ftok
