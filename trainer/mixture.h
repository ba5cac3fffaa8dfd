// Several sources of data in given shares, which may change in the course of a run. Which window of which source is
// number i of a run is a function of (seed, i) alone.
//
// Every round of 1,024 windows holds each source as often as its share says, in an order of its own (a keyed
// permutation); each source's windows come in its own order, epoch after epoch (trainer/loader.h). Where shares change,
// a new round begins; a source goes on after the windows that the round before, whole, would have had of it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "trainer/loader.h"

namespace ftok {

// Const after construction, thread-safe.
class Mixture {
 public:
  struct Source {
    std::unique_ptr<Loader> loader;
    double weight = 0;  // share relative to the other sources'; 0 for all: in proportion to their windows
    std::string name;   // for messages
  };

  // Other shares from window number `begin` on.
  struct Stage {
    uint64_t begin = 0;
    std::vector<double> weights;  // of each source, at least 0 and not all 0; 0: the source is left out
  };

  // At least one source; stages by rising `begin`. Throws UsageError naming the source whose share is below one window
  // in 1,024 and not 0 in a stage.
  Mixture(std::vector<Source> sources, uint64_t seed, const std::vector<Stage>& stages = {});

  uint64_t windows() const;  // of all sources
  // Windows number [begin, begin + B) of the run.
  Batch batch(uint64_t begin, int64_t B) const;
  std::string place(uint64_t number) const;
  // "4000 windows x 768 + 90 windows x 256", and of each later stage ", from window 5000 x 512 + x 512".
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
  // The windows from `begin` to the next part.
  struct Part {
    uint64_t begin = 0;
    uint64_t first_round = 0;      // of the run's rounds
    std::vector<uint64_t> shares;  // of 1,024 windows
    std::vector<uint64_t> first;   // of each source, its first window in this part
  };
  Place place_of(uint64_t number) const;
  void add_part(uint64_t begin, const std::vector<double>& weights, bool may_leave_out);

  std::vector<Source> sources_;
  std::vector<Part> parts_;
  uint64_t seed_;
};

}  // namespace ftok
