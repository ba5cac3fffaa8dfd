#include "trainer/cuda/device_muon.h"

#include <algorithm>
#include <cmath>

#include "trainer/cuda/device.h"
#include "trainer/cuda/products.h"

namespace ftok::FTOK_SPACE {
namespace {

// As trainer/training/muon.cc has them.
constexpr float kA = 3.4445f, kB = -4.7750f, kC = 2.0315f;
constexpr int kSteps = 5;
constexpr double kUpdateSize = 0.2;

}  // namespace

DeviceMuon::DeviceMuon(Device& device, Matmul& matmul, const ParameterLayout& layout, const ParameterRange& range,
                       int64_t batch_elements)
    : device_(device),
      matmul_(matmul),
      range_(range),
      batch_elements_(batch_elements),
      groups_(muon_groups(layout, range)),
      maps_(device),
      values_(device),
      squares_(device),
      narrow_(device),
      narrow_squares_(device),
      sums_(device) {
  std::vector<MuonMap> maps;
  int64_t map_elements = 0, square_elements = 0, sums = 0;
  for (const MuonGroup& group : groups_) {
    maps.insert(maps.end(), group.maps.begin(), group.maps.end());
    const MuonBatch batch = muon_batch(group, batch_elements_);
    map_elements = std::max(map_elements, batch.maps * batch.map_stride);
    square_elements = std::max(square_elements, batch.maps * batch.square_stride);
    sums = std::max(sums, batch.maps * batch.sum_blocks);
  }
  maps_.assign(maps);
  values_.resize(static_cast<size_t>(map_elements)), narrow_.resize(static_cast<size_t>(map_elements));
  squares_.resize(static_cast<size_t>(square_elements)), narrow_squares_.resize(static_cast<size_t>(square_elements));
  sums_.resize(static_cast<size_t>(sums));
}

void DeviceMuon::update(const AdamWStep& step, const float* directions, float rate) {
  const MuonMap* first = maps_.data();
  for (const MuonGroup& group : groups_) {
    const MuonBatch batch = muon_batch(group, batch_elements_);
    const auto all = static_cast<int64_t>(group.maps.size());
    const double size = kUpdateSize * std::sqrt(static_cast<double>(std::max(group.rows, group.columns)));
    for (int64_t done = 0; done < all; done += batch.maps) {
      const MuonMaps maps{first + done,     std::min(batch.maps, all - done),
                          group.rows,       group.columns,
                          batch.map_stride, values_.data(),
                          narrow_.data(),   sums_.data()};
      muon_gather(device_.stream(), maps, directions, kA);
      orthogonalise(maps, batch.square_stride);
      muon_apply(device_.stream(), maps, step, range_.end, rate * static_cast<float>(size));
    }
    first += all;
  }
}

// X = a X + (b A + c A A) X, A = X X^T (or from the right: products.h). Products add to what is there, so `values`
// waits for its product as a X, and A as b A; c A A is the square of sqrt(c) A.
void DeviceMuon::orthogonalise(const MuonMaps& maps, int64_t square_stride) {
  void* const stream = device_.stream();
  const OrthogonalShape shape{maps.rows, maps.columns, maps.count, maps.stride, square_stride};
  const int64_t elements = shape.side() * shape.side();
  for (int step = 0; step < kSteps; ++step) {
    matmul_.run(stream, gram_product(squares_.data(), maps.narrow, shape));
    muon_split(stream,
               {squares_.data(), narrow_squares_.data(), maps.count, elements, square_stride, std::sqrt(kC), kB});
    matmul_.run(stream, square_product(squares_.data(), narrow_squares_.data(), shape));
    muon_split(stream, {squares_.data(), narrow_squares_.data(), maps.count, elements, square_stride, 1, 1});
    matmul_.run(stream, polynomial_product(maps.values, narrow_squares_.data(), maps.narrow, shape));
    if (step + 1 == kSteps) break;
    muon_split(stream, {maps.values, maps.narrow, maps.count, maps.rows * maps.columns, maps.stride, 1, kA});
  }
}

}  // namespace ftok::FTOK_SPACE
