#include "trainer/loader.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "core/error.h"
#include "core/file.h"
#include "shards/checksum.h"
#include "shards/manifest.h"
#include "trainer/data/file_checksums.h"
#include "trainer/random.h"

namespace ftok {
namespace {

constexpr uint64_t kOrderStream = uint64_t{1} << 32;  // apart from the streams of the parameters' start

// The loss mask of a shard, null when it has none.
std::unique_ptr<MappedFile> open_mask(const std::string& shard, uint64_t tokens) {
  const std::string path = shard_mask_path(shard);
  if (!std::filesystem::exists(path)) return nullptr;
  auto mask = std::make_unique<MappedFile>(path);
  if (mask->bytes().size() != tokens) {
    throw Error(fmt::format("{}: has {} bytes, but the shard has {} tokens", path, mask->bytes().size(), tokens));
  }
  return mask;
}

}  // namespace

Loader::Loader(const std::vector<std::string>& shards, const LoaderOptions& options) : options_(options) {
  const uint64_t T = static_cast<uint64_t>(options.length);
  for (const std::string& path : shards) {
    auto reader = std::make_unique<ShardReader>(path);
    const uint64_t tokens = reader->view().size();
    if (options.whole_documents) {
      std::vector<Span> spans = spans_of(reader->view());
      if (spans.empty()) continue;
      const uint64_t windows = spans.size();
      shards_.push_back({std::move(reader), windows_, open_mask(path, tokens), std::move(spans)});
      windows_ += windows;
      continue;
    }
    if (tokens < T + 1) continue;  // no whole window
    const uint64_t windows = (tokens - 1) / T;
    shards_.push_back({std::move(reader), windows_, open_mask(path, tokens), {}});
    windows_ += windows;
  }
  if (windows_ == 0 && options.whole_documents)
    throw NoWindow(fmt::format("{}: no document", shards.empty() ? "no shards" : shards.front()));
  if (windows_ == 0) {
    throw NoWindow(
        fmt::format("{}: fewer tokens than one window of {}", shards.empty() ? "no shards" : shards.front(), T + 1));
  }
}

std::vector<Loader::Span> Loader::spans_of(const ShardView& view) const {
  const uint64_t most = static_cast<uint64_t>(options_.length) + 1;
  const uint32_t end_of_text = *options_.document_mask_end_of_text;
  std::vector<Span> spans;
  const auto add = [&](uint64_t begin, uint64_t end) {  // a document
    if (!spans.empty() && spans.back().begin + spans.back().size == begin && end - spans.back().begin <= most) {
      spans.back().size = end - spans.back().begin;
    } else {
      spans.push_back({begin, std::min(end - begin, most)});
    }
  };
  uint64_t begin = 0;
  for (uint64_t at = 0; at < view.size(); ++at) {
    if (view.token(at) != end_of_text) continue;
    const uint64_t end = options_.end_of_text_first ? at : at + 1;
    if (end > begin) add(begin, end);
    begin = end;
  }
  if (begin < view.size()) add(begin, view.size());
  std::erase_if(spans, [](const Span& span) { return span.size < 2; });  // nothing is to be predicted
  return spans;
}

uint64_t Loader::tokens() const {
  uint64_t sum = 0;
  for (const Shard& shard : shards_) sum += shard.reader->view().size();
  return sum;
}

std::string Loader::checksum(FileChecksums& files) const {
  std::string checksums;
  for (const Shard& shard : shards_) {
    checksums += files.of(shard.reader->path()) + "\n";
    if (shard.mask != nullptr) checksums += "mask " + files.of(shard.mask->path()) + "\n";
  }
  return checksum_of(checksums);
}

bool Loader::has_targets() const {
  const auto counts = [](std::string_view mask, uint64_t begin, uint64_t end) {  // tokens; the first is no target
    const std::string_view targets = mask.substr(begin + 1, end - begin - 1);
    return targets.find_first_not_of('\0') != std::string_view::npos;
  };
  return std::any_of(shards_.begin(), shards_.end(), [&](const Shard& shard) {
    if (shard.mask == nullptr) return true;
    const std::string_view mask = shard.mask->bytes();
    const uint64_t T = static_cast<uint64_t>(options_.length);
    if (!options_.whole_documents) return counts(mask, 0, (mask.size() - 1) / T * T + 1);
    return std::any_of(shard.spans.begin(), shard.spans.end(),
                       [&](const Span& span) { return counts(mask, span.begin, span.begin + span.size); });
  });
}

bool Loader::has_file(const std::string& path) const {
  std::error_code code;
  return std::any_of(shards_.begin(), shards_.end(),
                     [&](const Shard& shard) { return std::filesystem::equivalent(shard.reader->path(), path, code); });
}

std::vector<std::string> Loader::paths() const {
  std::vector<std::string> paths;
  for (const Shard& shard : shards_) paths.push_back(shard.reader->path());
  return paths;
}

Loader::Place Loader::place_of(uint64_t number) const {
  uint64_t window = number % windows_;
  if (options_.shuffle) window = random_permutation(options_.seed, kOrderStream + number / windows_, window, windows_);
  const auto after = std::upper_bound(shards_.begin(), shards_.end(), window,
                                      [](uint64_t w, const Shard& shard) { return w < shard.first_window; });
  const Shard& shard = *std::prev(after);
  const uint64_t number_in_shard = window - shard.first_window, T = static_cast<uint64_t>(options_.length);
  if (options_.whole_documents) {
    const Span& span = shard.spans[number_in_shard];
    return {&shard, span.begin, span.size};
  }
  return {&shard, number_in_shard * T, T + 1};
}

std::string Loader::place(uint64_t number) const {
  const Place place = place_of(number);
  return fmt::format("{}, token {}", place.shard->reader->path(), place.token);
}

void Loader::fill_tokens(Batch& batch, int64_t row, const Place& place) const {
  const ShardView& view = place.shard->reader->view();
  const int64_t T = options_.length;
  uint32_t previous = 0;
  for (int64_t t = 0; t <= T; ++t) {
    const uint64_t at = place.token + static_cast<uint64_t>(t);
    const bool is_padding = static_cast<uint64_t>(t) >= place.size;
    const uint32_t id = is_padding ? *options_.document_mask_end_of_text : view.token(at);
    if (id >= options_.vocabulary_size) {
      throw Error(fmt::format("{}: token {} is {}, outside the vocabulary of {}", place.shard->reader->path(), at, id,
                              options_.vocabulary_size));
    }
    if (t > 0) {
      batch.tokens[static_cast<size_t>(row * T + t - 1)] = previous;
      batch.targets[static_cast<size_t>(row * T + t - 1)] = id;
    }
    previous = id;
  }
}

void Loader::mark_documents(Batch& batch, int64_t row) const {
  const size_t T = static_cast<size_t>(options_.length), base = static_cast<size_t>(row) * T;
  const uint32_t end_of_text = *options_.document_mask_end_of_text;
  int32_t first = 0;
  for (size_t t = 0; t < T; ++t) {
    const bool begins = options_.end_of_text_first ? batch.tokens[base + t] == end_of_text
                                                   : t > 0 && batch.tokens[base + t - 1] == end_of_text;
    if (begins) first = static_cast<int32_t>(t);
    batch.first_key[base + t] = first;
  }
}

void Loader::fill_mask(Batch& batch, int64_t row, const Place& place) const {
  const size_t T = static_cast<size_t>(options_.length), base = static_cast<size_t>(row) * T;
  if (place.shard->mask == nullptr && batch.loss_mask.empty() && !options_.whole_documents) return;
  batch.loss_mask.resize(batch.tokens.size(), 1);
  for (size_t t = 0; t < T; ++t) {
    batch.loss_mask[base + t] =
        t + 1 < place.size && (place.shard->mask == nullptr || place.shard->mask->bytes()[place.token + t + 1] != 0);
  }
}

Batch Loader::make_batch(int64_t B) const {
  Batch batch;
  batch.B = B, batch.T = options_.length;
  const size_t size = static_cast<size_t>(B * options_.length);
  batch.tokens.resize(size);
  batch.targets.resize(size);
  return batch;
}

void Loader::fill(Batch& batch, int64_t row, uint64_t number) const {
  const Place place = place_of(number);
  fill_tokens(batch, row, place);
  fill_mask(batch, row, place);
  if (options_.document_mask_end_of_text) {
    batch.first_key.resize(batch.tokens.size());
    mark_documents(batch, row);
  }
}

Batch Loader::batch(uint64_t begin, int64_t B) const {
  Batch batch = make_batch(B);
  for (int64_t row = 0; row < B; ++row) fill(batch, row, begin + static_cast<uint64_t>(row));
  return batch;
}

namespace {

// A shard that is named itself does not become training data against what is said of it. One of which nothing is said
// may.
void check_is_for_training(const std::string& path) {
  std::string name;
  std::string_view says;
  if (const std::string manifest = manifest_path_of(path, name); !manifest.empty()) {
    const std::vector<ShardEntry> shards = read_manifest(manifest).shards;
    const auto entry =
        std::find_if(shards.begin(), shards.end(), [&](const ShardEntry& one) { return one.shard.name == name; });
    if (entry != shards.end() && entry->split == Split::kTrain) return;
    if (entry != shards.end()) says = kManifestName;
  }
  if (says.empty() && is_held_out_by_name(path)) says = "its name";
  if (says.empty()) return;
  throw Error(
      fmt::format("{}: not for training, as {} says; to train on it all the same, copy it to another folder "
                  "under a name like \"x_train_000000.bin\"",
                  path, says));
}

}  // namespace

std::vector<std::string> list_shards(const std::string& folder, Split split) {
  namespace fs = std::filesystem;
  refuse_address(folder);
  std::vector<std::string> paths;
  std::error_code code;
  if (fs::is_regular_file(folder, code)) {
    if (split == Split::kTrain) check_is_for_training(folder);
    return {folder};
  }
  const std::string manifest = (fs::path(folder) / kManifestName).string();
  if (fs::exists(manifest, code)) {
    for (const ShardEntry& entry : read_manifest(manifest).shards) {
      if (entry.split == split) paths.push_back((fs::path(folder) / entry.shard.name).string());
    }
    return paths;
  }
  for (std::string& path : shards_in(folder)) {
    if (split_of_name(path) == split) paths.push_back(std::move(path));
  }
  return paths;
}

std::vector<std::string> find_shards(const std::string& folder, Split split) {
  const std::vector<std::string> paths = list_shards(folder, split);
  if (!paths.empty()) return paths;
  const std::string_view name = split_name(split);
  throw Error(fmt::format("{}: no {} shards: no {} lists one, and no file is named like \"x_{}_000000.bin\"", folder,
                          split == Split::kTrain ? "training" : "validation", kManifestName, name));
}

}  // namespace ftok
