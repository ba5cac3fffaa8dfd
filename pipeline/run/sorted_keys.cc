#include "pipeline/run/sorted_keys.h"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <filesystem>

#include "core/error.h"
#include "core/file.h"
#include "core/signals.h"

namespace ftok {
namespace {

// What a record takes at most: sorting needs two; judging 16 bytes for an edge, as much again where each
// earlier document is listed, and the repeats that come of it.
constexpr size_t kRecordBytes = 48, kListedRecordBytes = 96;
constexpr size_t kRunRecordsMin = 256;
constexpr size_t kSliceRecords = size_t{1} << 16;  // 1 MiB of each run at a time
constexpr size_t kSlicesMax = 256;
constexpr char kScratch[] = "00000000000000000000000000000000";  // it is about no part

std::span<const uint64_t> words_of(std::string_view bytes) {
  return {reinterpret_cast<const uint64_t*>(bytes.data()), bytes.size() / sizeof(uint64_t)};
}

size_t run_records_max(const DeduplicatorOptions& options) {
  const size_t bytes = options.verifies() || options.ranks() ? kListedRecordBytes : kRecordBytes;
  return std::max(static_cast<size_t>(std::max<int64_t>(options.memory, 0)) / bytes, kRunRecordsMin);
}

}  // namespace

SortedKeys::SortedKeys(const DeduplicatorOptions& options, const KeyLayout& layout, std::string folder)
    : options_(options),
      layout_(layout),
      folder_(std::move(folder)),
      run_records_max_(run_records_max(options)),
      slices_(std::clamp<size_t>(run_records_max_ / kSliceRecords, 1, kSlicesMax)) {
  std::error_code code;
  std::filesystem::remove_all(folder_, code);
  make_folder(folder_);
}

void SortedKeys::begin_input() {
  if (options_.scope == "file") inputs_.push_back(documents_);
}

void SortedKeys::add(std::span<const uint64_t> keys) { add(keys, layout_.rank_of(keys)); }

void SortedKeys::add_first(std::span<const uint64_t> keys) { add(keys, 0); }

void SortedKeys::add(std::span<const uint64_t> keys, uint64_t rank) {
  if (keys.size() != layout_.keys()) throw Error("a part has another number of keys per document than the recipe");
  append_records(options_, layout_, keys, documents_ - in_runs(), records_);
  if (options_.ranks()) ranks_.push_back(rank);
  ++documents_;
  if (records_.size() >= run_records_max_) end_run();
}

void SortedKeys::end_run() {
  const uint64_t begin = in_runs();
  sort_records(records_);
  const std::string path = fmt::format("{}/{:06}.run", folder_, runs_.size());
  const size_t slices = slices_ + (options_.ranks() ? 1 : 0);  // the last one with ranks
  SlicedFileWriter file(path, kKeyRunMagic, slices, kScratch);
  uint64_t at = 0;
  for (const uint64_t end : key_range_ends(records_, slices_)) {
    file.write({reinterpret_cast<const char*>(records_.data() + at), (end - at) * sizeof(KeyRecord)});
    file.end_slice();
    at = end;
  }
  if (options_.ranks()) {
    file.write({reinterpret_cast<const char*>(ranks_.data()), ranks_.size() * sizeof(uint64_t)});
    file.end_slice();
  }
  const SlicedFileEntry entry = file.commit("", records_.size());
  runs_.push_back({std::make_unique<SlicedFile>(path, kKeyRunMagic, slices, entry), begin, documents_});
  records_ = {};
  ranks_ = {};
}

std::vector<KeyRun> SortedKeys::slices(size_t number, uint64_t begin, uint64_t end) const {
  std::vector<KeyRun> slices;
  for (const Run& run : runs_) {
    if (run.end <= begin || run.begin >= end) continue;
    const std::string_view bytes = run.file->slice(number);
    slices.push_back({{reinterpret_cast<const KeyRecord*>(bytes.data()), bytes.size() / sizeof(KeyRecord)}, run.begin});
  }
  return slices;
}

// One slice of the runs that the documents lie in.
void SortedKeys::group(const GroupOptions& options, uint64_t begin, uint64_t end, EdgeTable& edges,
                       size_t slice) const {
  if (stop_requested()) throw Stopped();
  const uint64_t last = slice + 1 == slices_ ? UINT64_MAX : key_range_begin(slice + 1, slices_) - 1;
  group_keys(slices(slice, begin, end), key_range_begin(slice, slices_), last, options, edges);
}

void SortedKeys::find_clusters(const DocumentRanks* ranks) {
  GroupOptions options;
  options.inputs = inputs_;
  options.ranks = ranks;
  options.records_max = std::clamp<size_t>(run_records_max_ / 4, 1024, options.records_max);
  clusters_ = std::make_unique<ClusterFinder>(documents_);
  for (size_t number = 0; number < slices_; ++number) {
    EdgeTable edges({documents_});
    group(options, 0, documents_, edges, number);
    edges.for_each(0, [&](std::span<const KeyEdge> piece) { clusters_->add(piece, layout_); });
  }
  clusters_->finish(ranks);
}

// The documents from `begin` to the end of the run.
void SortedKeys::decide(uint64_t begin, const Run& run) {
  GroupOptions group;
  group.inputs = inputs_;
  group.first_document = begin;
  group.end_document = run.end;
  group.records_max = std::clamp<size_t>(run_records_max_ / 4, 1024, group.records_max);
  uint64_t compared = 0;  // the first document that any of them is compared with
  if (!inputs_.empty()) compared = *std::prev(std::upper_bound(inputs_.begin(), inputs_.end(), begin));
  DocumentRanks ranks;
  if (options_.ranks()) {
    group.ranks = &ranks;
    for (const Run& each : runs_) ranks.add(words_of(each.file->slice(slices_)));
  }
  const uint64_t end = options_.ranks() ? documents_ : run.end;
  if (options_.joins() && clusters_ == nullptr) find_clusters(group.ranks);
  EdgeTable edges({run.end});
  for (size_t number = 0; number < slices_; ++number) this->group(group, compared, end, edges, number);
  RangeDecider decider(options_, layout_, begin, run.end);
  edges.for_each(0, [&](std::span<const KeyEdge> piece) { decider.add(piece); });
  repeats_.clear();
  next_repeat_ = 0;
  decider.for_each([&](const Repeat& repeat) { repeats_.push_back(repeat); });
  decided_ = run.end;
}

std::span<const Repeat> SortedKeys::repeats_of(uint64_t document) {
  assert(document < documents_);
  if (document >= decided_) {
    if (document >= in_runs() || (options_.waits() && documents_ > in_runs())) end_run();
    const auto run = std::upper_bound(runs_.begin(), runs_.end(), document,
                                      [](uint64_t number, const Run& each) { return number < each.end; });
    decide(document, *run);
  }
  while (next_repeat_ < repeats_.size() && repeats_[next_repeat_].document < document) ++next_repeat_;
  const size_t first = next_repeat_;
  while (next_repeat_ < repeats_.size() && repeats_[next_repeat_].document == document) ++next_repeat_;
  return std::span(repeats_).subspan(first, next_repeat_ - first);
}

}  // namespace ftok
