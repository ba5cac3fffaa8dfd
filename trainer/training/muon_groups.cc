#include "trainer/training/muon_groups.h"

#include <algorithm>

namespace ftok {
namespace {

constexpr int64_t kStrideElements = 128;  // 256 bytes of bfloat16: products are fastest on aligned operands

int64_t padded(int64_t n) { return (n + kStrideElements - 1) / kStrideElements * kStrideElements; }

}  // namespace

std::vector<MuonGroup> muon_groups(const ParameterLayout& layout, const ParameterRange& range) {
  std::vector<MuonGroup> groups;
  for (const Tensor& tensor : layout.tensors()) {
    if (tensor.offset >= range.end || tensor.offset + tensor.size() <= range.begin) continue;
    int64_t first_column = 0;
    for (const int64_t columns : tensor.maps) {
      auto group = std::find_if(groups.begin(), groups.end(),
                                [&](const MuonGroup& g) { return g.rows == tensor.rows && g.columns == columns; });
      if (group == groups.end()) group = groups.insert(group, {tensor.rows, columns, {}});
      group->maps.push_back({tensor.offset + first_column, tensor.columns});
      first_column += columns;
    }
  }
  return groups;
}

MuonBatch muon_batch(const MuonGroup& group, int64_t batch_elements) {
  const int64_t side = std::min(group.rows, group.columns), elements = group.rows * group.columns;
  MuonBatch batch;
  batch.map_stride = padded(elements), batch.square_stride = padded(side * side);
  batch.maps = std::clamp<int64_t>(batch_elements / batch.map_stride, 1, static_cast<int64_t>(group.maps.size()));
  batch.sum_blocks = (elements + kMuonSumElements - 1) / kMuonSumElements;
  return batch;
}

uint64_t muon_scratch_bytes(const std::vector<MuonGroup>& groups) {
  int64_t map_elements = 0, square_elements = 0, sums = 0;
  uint64_t maps = 0;
  for (const MuonGroup& group : groups) {
    const MuonBatch batch = muon_batch(group);
    map_elements = std::max(map_elements, batch.maps * batch.map_stride);
    square_elements = std::max(square_elements, batch.maps * batch.square_stride);
    sums = std::max(sums, batch.maps * batch.sum_blocks);
    maps += group.maps.size();
  }
  return static_cast<uint64_t>(map_elements + square_elements) * 6 + static_cast<uint64_t>(sums) * sizeof(double) +
         maps * sizeof(MuonMap);
}

}  // namespace ftok
