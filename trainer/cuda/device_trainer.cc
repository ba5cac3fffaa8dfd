#include "trainer/cuda/device_trainer.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>

#include "trainer/cuda/token_order.h"

namespace ftok::FTOK_SPACE {
namespace {

constexpr double kClipEpsilon = 1e-6;    // trainer/training/optimizer.cc
constexpr size_t kGraphsMax = 4;         // shapes of micro-batches that a run has at most: full, last, validation
constexpr size_t kBatchAlignment = 256;  // of the arrays in a batch's bytes

const ModelConfig& fit_for_training(const ModelConfig& config) {
  check_for_gpu(config);
  return config;
}

// Where a batch's arrays lie, in bytes, in one stretch of memory: copied at once.
struct BatchBytes {
  size_t scale, tokens, targets, rows, begins, first_key, mask, weights, size;

  BatchBytes(int64_t R, int64_t runs) {
    size_t at = 0;
    const auto take = [&](size_t bytes) {
      const size_t begin = at;
      at = (at + bytes + kBatchAlignment - 1) / kBatchAlignment * kBatchAlignment;
      return begin;
    };
    const size_t words = static_cast<size_t>(R) * 4;
    scale = take(sizeof(float)), tokens = take(words), targets = take(words), rows = take(words),
    begins = take(static_cast<size_t>(runs + 1) * 4);
    first_key = take(words), mask = take(static_cast<size_t>(R)), weights = take(words);
    size = at;
  }
};

// Of the tensors that Muon updates, or of all others; without Muon there are none of the former.
std::vector<ParameterPiece> pieces_of(const ParameterLayout& layout, const ParameterRange& range, bool muon,
                                      bool muons) {
  std::vector<ParameterPiece> pieces;
  for (const Tensor& tensor : layout.tensors()) {
    if ((muon && !tensor.maps.empty()) != muons) continue;
    const int64_t begin = std::max(range.begin, tensor.offset),
                  end = std::min(range.end, tensor.offset + tensor.size());
    for (int64_t at = begin; at < end; at += kPieceElements) {
      pieces.push_back({at, static_cast<int32_t>(std::min(kPieceElements, end - at)), tensor.decays});
    }
  }
  return pieces;
}

// The backward pass makes GELU's output again by a kernel; so must the forward pass then, or the two would differ.
Fusion fusion_of(const DeviceTrainerOptions& options) {
  Fusion fusion = options.fusion;
  if (options.recompute == Recompute::kGelu) fusion.gelu = false;
  return fusion;
}

}  // namespace

struct DeviceTrainer::Staging {
  Staging(Device& device, size_t bytes) : buffer(device, bytes), size(bytes) {}
  HostBuffer buffer;
  size_t size;
};

struct DeviceTrainer::RecordedGraph {
  GraphKey key;
  std::unique_ptr<DeviceGraph> graph;  // null: seen once
};

DeviceTrainer::DeviceTrainer(Device& device, Matmul& matmul, AttentionPlans* attention, const ModelConfig& config,
                             const DeviceTrainerOptions& options)
    : DeviceTrainer(device, matmul, attention, config, options, {0, ParameterLayout(config).size()}) {}

DeviceTrainer::DeviceTrainer(Device& device, Matmul& matmul, AttentionPlans* attention, const ModelConfig& config,
                             const DeviceTrainerOptions& options, const ParameterRange& range)
    : device_(device),
      options_(options),
      range_(range),
      layers_(device, matmul, attention, fusion_of(options), options.chunk_rows),
      network_(fit_for_training(config), layers_, options.recompute),
      master_(device),
      first_(device),
      second_(device),
      pieces_(device),
      norm_(device),
      batch_(device) {
  const size_t n = static_cast<size_t>(range.end - range.begin);
  master_.resize(n), first_.resize(n), second_.resize(n);
  network_.gradients().resize(static_cast<size_t>(layout().size()));
  norm_.resize(1 + static_cast<size_t>(norm_scratch(layout().size())));
  const bool muon = options.optimizer.has_muon();
  std::vector<ParameterPiece> pieces = pieces_of(layout(), range, muon, false);
  adamw_pieces_ = static_cast<int64_t>(pieces.size());
  const std::vector<ParameterPiece> matrices = pieces_of(layout(), range, muon, true);
  pieces.insert(pieces.end(), matrices.begin(), matrices.end());
  if (muon) muon_ = std::make_unique<DeviceMuon>(device, matmul, layout(), range, options.muon_batch_elements);
  if (pieces.empty()) return;  // more ranks than pieces
  pieces_.resize(pieces.size());
  device_.copy_to_device(pieces_.data(), pieces.data(), pieces.size() * sizeof(ParameterPiece));
  device_.synchronize();
}

DeviceTrainer::~DeviceTrainer() = default;

void DeviceTrainer::load(const TrainerState& state, int64_t step) {
  const size_t bytes = master_.size() * sizeof(float);
  const auto copy = [&](float* to, const std::vector<float>& from) {
    from.empty() ? device_.clear(to, bytes) : device_.copy_to_device(to, from.data(), bytes);
  };
  copy(master_.data(), state.parameters), copy(first_.data(), state.first_moments);
  copy(second_.data(), state.second_moments);
  round_parameters(device_.stream(), adamw_step(step));
  device_.synchronize();
}

TrainerState DeviceTrainer::save() {
  const size_t n = master_.size();
  TrainerState state{std::vector<float>(n), std::vector<float>(n), std::vector<float>(n)};
  device_.copy_to_host(state.parameters.data(), master_.data(), n * sizeof(float));
  device_.copy_to_host(state.first_moments.data(), first_.data(), n * sizeof(float));
  device_.copy_to_host(state.second_moments.data(), second_.data(), n * sizeof(float));
  return state;
}

void DeviceTrainer::zero_gradients() {
  device_.clear(gradients(), static_cast<size_t>(layout().size()) * sizeof(float));
}

// Fills one of two buffers of the host, when the copy from it two batches ago is done, and queues its copy to the
// device.
BatchView DeviceTrainer::upload(const BatchView& batch, double scale) {
  const int64_t R = batch.B * batch.T, V = network_.config().vocabulary_size;
  const int64_t runs = std::min(R, V);
  const BatchBytes at(R, runs);
  std::unique_ptr<Staging>& staging = staging_[static_cast<size_t>(next_staging_)];
  device_.wait_for_mark(next_staging_);
  if (!staging || staging->size < at.size) staging = std::make_unique<Staging>(device_, at.size);
  if (batch_.size() < at.size) {
    graphs_.clear();  // they read the batch where it was
    batch_.resize(at.size);
  }
  char* const bytes = static_cast<char*>(staging->buffer.data());
  const size_t words = static_cast<size_t>(R) * 4;
  const TokenOrder order = make_token_order(batch.tokens, R, V);
  const float narrow_scale = static_cast<float>(scale);
  std::memcpy(bytes + at.scale, &narrow_scale, sizeof narrow_scale);
  std::memcpy(bytes + at.tokens, batch.tokens, words);
  std::memcpy(bytes + at.targets, batch.targets, words);
  std::memcpy(bytes + at.rows, order.rows.data(), words);
  std::memcpy(bytes + at.begins, order.begins.data(), static_cast<size_t>(runs + 1) * 4);
  if (batch.first_key != nullptr) std::memcpy(bytes + at.first_key, batch.first_key, words);
  if (batch.loss_mask != nullptr) std::memcpy(bytes + at.mask, batch.loss_mask, static_cast<size_t>(R));
  if (batch.loss_weights != nullptr) std::memcpy(bytes + at.weights, batch.loss_weights, words);
  device_.copy_to_device(batch_.data(), bytes, at.size);
  device_.set_mark(next_staging_);
  next_staging_ ^= 1;

  const char* const base = batch_.data();
  layers_.set_loss_scale(reinterpret_cast<const float*>(base + at.scale));
  layers_.set_token_runs(
      {reinterpret_cast<const int32_t*>(base + at.rows), reinterpret_cast<const int32_t*>(base + at.begins), runs});
  BatchView view{batch.B,
                 batch.T,
                 reinterpret_cast<const uint32_t*>(base + at.tokens),
                 reinterpret_cast<const uint32_t*>(base + at.targets),
                 nullptr,
                 nullptr};
  if (batch.loss_mask != nullptr) view.loss_mask = reinterpret_cast<const uint8_t*>(base + at.mask);
  if (batch.loss_weights != nullptr) view.loss_weights = reinterpret_cast<const float*>(base + at.weights);
  if (batch.first_key != nullptr) view.first_key = reinterpret_cast<const int32_t*>(base + at.first_key);
  return view;
}

// A shape's first micro-batch runs as it is: it allocates, and chooses algorithms. The second is recorded, the rest
// replayed, whatever their scale: it is part of the batch.
void DeviceTrainer::add_gradients(const BatchView& batch, double scale) {
  const GraphKey key{batch.B, batch.T, batch.loss_mask != nullptr, batch.first_key != nullptr,
                     batch.loss_weights != nullptr};
  const BatchView view = upload(batch, scale);
  const auto found = std::find_if(graphs_.begin(), graphs_.end(), [&](const RecordedGraph& g) { return g.key == key; });
  if (!options_.graphs || found == graphs_.end()) {
    const int64_t allocations = device_.allocations();
    network_.add_gradients(view, scale);
    if (device_.allocations() != allocations || graphs_.size() >= kGraphsMax) graphs_.clear();  // arrays may have moved
    if (options_.graphs) graphs_.push_back({key, nullptr});
    return;
  }
  if (!found->graph) {
    device_.begin_graph();
    network_.add_gradients(view, scale);
    found->graph = device_.end_graph();
    if (!found->graph) return;  // a device without graphs has done the work
  }
  device_.queue(*found->graph);
}

void DeviceTrainer::forget_graphs() {
  device_.synchronize();
  graphs_.clear();
}

double DeviceTrainer::take_loss() { return network_.take_loss(); }

double DeviceTrainer::loss(const BatchView& batch) {
  const int64_t allocations = device_.allocations();
  const double loss = network_.loss(upload(batch, 0));
  if (device_.allocations() != allocations) graphs_.clear();
  return loss;
}

std::vector<double> DeviceTrainer::target_losses(const BatchView& batch) {
  const int64_t allocations = device_.allocations();
  std::vector<double> losses = network_.target_losses(upload(batch, 0));
  if (device_.allocations() != allocations) graphs_.clear();
  return losses;
}

double DeviceTrainer::norm() {
  if (range_.end == range_.begin) return 0;
  global_norm(device_.stream(), norm_.data(), norm_.data() + 1, gradients() + range_.begin, range_.end - range_.begin);
  double norm = 0;
  device_.copy_to_host(&norm, norm_.data(), sizeof norm);
  return norm;
}

AdamWStep DeviceTrainer::adamw_step(int64_t step) {
  AdamWStep s{};
  s.master = master_.data(), s.first = first_.data(), s.second = second_.data(), s.begin = range_.begin;
  s.parameters = network_.parameters().data(), s.gradients = gradients();
  s.pieces = pieces_.data(), s.pieces_count = static_cast<int64_t>(pieces_.size());
  s.seed = options_.seed, s.step = static_cast<uint64_t>(step), s.stochastic = options_.stochastic_rounding;
  return s;
}

void DeviceTrainer::update(int64_t step, double learning_rate, double gradient_norm) {
  const OptimizerOptions& o = options_.optimizer;
  AdamWStep s = adamw_step(step);
  s.pieces_count = adamw_pieces_;
  s.scale = static_cast<float>(o.clip_norm > 0 ? std::min(1.0, o.clip_norm / (gradient_norm + kClipEpsilon)) : 1.0);
  s.b1 = static_cast<float>(o.beta_1), s.b2 = static_cast<float>(o.beta_2);
  s.c1 = static_cast<float>(1 - o.beta_1), s.c2 = static_cast<float>(1 - o.beta_2);
  s.rate = static_cast<float>(learning_rate / (1 - std::pow(o.beta_1, static_cast<double>(step))));
  s.root = static_cast<float>(1 / std::sqrt(1 - std::pow(o.beta_2, static_cast<double>(step))));
  s.epsilon = static_cast<float>(o.epsilon);
  s.keep = static_cast<float>(1 - learning_rate * o.weight_decay);
  adamw(device_.stream(), s);
  if (!muon_) return;
  MuonDirections d{first_.data(), gradients(), range_.begin, pieces_.data() + adamw_pieces_, 0, s.scale, 0, 0};
  d.pieces_count = static_cast<int64_t>(pieces_.size()) - adamw_pieces_;
  d.keep = static_cast<float>(o.muon_momentum), d.take = static_cast<float>(1 - o.muon_momentum);
  muon_direct(device_.stream(), d);
}

void DeviceTrainer::update_matrices(int64_t step, double learning_rate) {
  if (!muon_) return;
  AdamWStep s = adamw_step(step);
  s.keep = static_cast<float>(1 - learning_rate * options_.optimizer.weight_decay);
  muon_->update(s, gradients(), static_cast<float>(learning_rate * options_.optimizer.muon_rate));
}

}  // namespace ftok::FTOK_SPACE
