// The linear maps that Muon makes orthogonal, those of one shape together: a back end whose products come in batches
// takes a group, or as much of one as its scratch memory holds, at once.
#pragma once

#include <cstdint>
#include <vector>

#include "trainer/training/optimizer.h"

namespace ftok {

// Where a map's first element lies in the flat array of parameters, and how far apart its rows are.
struct MuonMap {
  int64_t offset = 0, row_stride = 0;
};

struct MuonGroup {
  int64_t rows = 0, columns = 0;
  std::vector<MuonMap> maps;
};

// Of the tensors that reach into the range, in the order in which their shapes come first.
std::vector<MuonGroup> muon_groups(const ParameterLayout& layout, const ParameterRange& range);

// How much of a group is taken at once, and the scratch memory that takes. `map_stride` and `square_stride` are
// elements from one map of a batch to the next, and the same of squares of its smaller side.
struct MuonBatch {
  int64_t maps = 0, map_stride = 0, square_stride = 0;
  int64_t sum_blocks = 0;  // stretches of kMuonSumElements in one map
};
inline constexpr int64_t kMuonSumElements = 1 << 16;
inline constexpr int64_t kMuonBatchElements = int64_t{1} << 25;  // of a batch's maps together, if it has more than one
MuonBatch muon_batch(const MuonGroup& group, int64_t batch_elements = kMuonBatchElements);

// Bytes on a GPU for all of it: the largest batch, in fp32 and in bfloat16, and the list of maps.
uint64_t muon_scratch_bytes(const std::vector<MuonGroup>& groups);

}  // namespace ftok
