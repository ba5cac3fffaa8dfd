// Several sources of data in given shares. Which window of which source is number i of a run is a function of (seed, i)
// alone.
//
// Every 1,024 windows hold each source as often as its share says, in an order of their own (a keyed permutation); each
// source's windows come in its own order, epoch after epoch (trainer/data/loader.h).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "trainer/data/loader.h"

namespace ftok {

// Const after construction, thread-safe.
class Mixture {
 public:
  struct Source {
    std::unique_ptr<Loader> loader;
    double weight = 0;  // against the other sources'; 0 for all: as many as their windows are
    std::string name;   // for messages
  };

  // Throws UsageError naming the source whose share is below one window in 1,024.
  Mixture(std::vector<Source> sources, uint64_t seed);

  uint64_t windows() const;  // of all sources
  // Windows number [begin, begin + B) of the run.
  Batch batch(uint64_t begin, int64_t B) const;
  std::string place(uint64_t number) const;
  // "4000 windows x 768 + 90 windows x 256".
  std::string description() const;
  // Of the bytes of all sources, in order.
  std::string checksum(FileChecksums& files) const;
  // The path of the first shard that is in `other` too, under whatever name; "" where none is.
  std::string shared_shard(const Mixture& other) const;

 private:
  struct Place {
    const Loader* loader;
    uint64_t number;
  };
  Place place_of(uint64_t number) const;

  std::vector<Source> sources_;
  std::vector<uint64_t> shares_;  // of 1,024 windows
  uint64_t seed_;
};

}  // namespace ftok
