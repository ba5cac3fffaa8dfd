#include "pipeline/mix/text_segments.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <filesystem>
#include <utility>

#include "core/error.h"
#include "core/json.h"
#include "core/temporary_files.h"
#include "shards/checksum.h"

namespace ftok {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kSegment = ".texts", kState = ".state";
constexpr const char* kMark = "ftok-mix";  // a folder that holds it is one of these

// The members of a state that are numbers, and those that are lists of them.
template <typename Progress, typename Visit>
void for_each_number(Progress& progress, Visit&& visit) {
  visit("bad", progress.bad);
  visit("capped", progress.capped);
  visit("unscored", progress.unscored);
  visit("unwanted", progress.unwanted);
  visit("without_host", progress.without_host);
}
template <typename Progress, typename Visit>
void for_each_list(Progress& progress, Visit&& visit) {
  visit("bucket_documents", progress.bucket_documents);
  visit("bucket_tokens", progress.bucket_tokens);
  visit("hosts", progress.hosts);
}

std::string write_state(const TextProgress& progress, const std::string& binding, uint64_t bytes) {
  JsonWriter json;
  json.begin_object().field("binding", binding).field("bytes", bytes);
  for_each_number(progress, [&](const char* name, uint64_t number) { json.field(name, number); });
  for_each_list(progress, [&](const char* name, const std::vector<uint64_t>& numbers) {
    json.key(name).begin_array();
    for (const uint64_t number : numbers) json.value(number);
    json.end_array();
  });
  json.key("digests").begin_array();
  for (const std::string& digest : progress.digests) json.value(digest);
  return json.end_array().end_object().take() + '\n';
}

// More than one that was killed while it made its mark leaves there.
bool holds_others(const std::string& path) {
  if (!fs::is_directory(path)) return true;
  for (const auto& entry : fs::directory_iterator(path)) {
    const std::string name = entry.path().filename().string();
    if (name != ".lock" && !is_temporary(name)) return true;
  }
  return false;
}

}  // namespace

MixingFolder::MixingFolder(std::string path) : path_(std::move(path)) {
  const std::string mark = path_ + "/" + kMark;
  if (fs::exists(path_) && !fs::exists(mark) && holds_others(path_))
    throw UsageError(path_ + " holds other files; ftok mix keeps there what it has done until it ends");
  make_folder(path_);
  lock_ = std::make_unique<FolderLock>(path_);
  remove_temporaries(path_);
  if (!fs::exists(mark)) write_file(mark, "");
}

MixingFolder::~MixingFolder() {
  if (path_.empty()) return;
  try {
    const std::vector<std::string> files = own_files();
    const bool has_segments =
        std::any_of(files.begin(), files.end(), [](const auto& f) { return f.ends_with(kState); });
    if (!has_segments) remove();
  } catch (const std::exception&) {  // it stays, as after a kill
  }
}

void MixingFolder::remove() {
  for (const std::string& file : own_files()) remove_file(file);
  std::error_code ignored;
  fs::remove(path_, ignored);  // where nothing else is in it
  path_.clear();
}

// The mark comes last: until then the folder is known for what it is.
std::vector<std::string> MixingFolder::own_files() const {
  std::vector<std::string> files;
  for (const auto& entry : fs::directory_iterator(path_)) {
    const fs::path extension = entry.path().extension();
    if (extension == kSegment || extension == kState) files.push_back(entry.path().string());
  }
  files.push_back(path_ + "/.lock");
  files.push_back(path_ + "/" + kMark);
  return files;
}

TextSegments::TextSegments(TextSegmentsOptions options, const std::vector<std::string>& inputs,
                           const std::vector<std::string>& names)
    : options_(std::move(options)), bindings_(inputs.size() + 1) {
  bindings_[0] = checksum_of(fmt::format("{}\n{}", FTOK_VERSION, options_.settings));
  for (size_t i = 0; i < inputs.size(); ++i) {
    std::error_code error;
    if (!fs::is_regular_file(inputs[i], error)) return;
    bindings_[i + 1] =
        checksum_of(fmt::format("{} {} {} {}\n{}", bindings_[i], fs::file_size(inputs[i], error),
                                fs::last_write_time(inputs[i], error).time_since_epoch().count(), names[i], inputs[i]));
  }
}

void TextSegments::resume(TextProgress& progress) {
  while (read_state(progress)) ++count_;
}

void TextSegments::write(std::string_view bytes) {
  if (file_ == nullptr) file_ = std::make_unique<AtomicFile>(path_of(count_, kSegment));
  file_->write(bytes);
}

void TextSegments::end(const TextProgress& progress) {
  write("");
  const uint64_t bytes = file_->size();
  file_->commit();
  file_ = nullptr;
  write_file(path_of(count_, kState), write_state(progress, bindings_[progress.digests.size()], bytes));
  ++count_;
}

std::vector<std::string> TextSegments::paths() const {
  std::vector<std::string> paths;
  for (size_t segment = 0; segment < count_; ++segment) paths.push_back(path_of(segment, kSegment));
  return paths;
}

std::string TextSegments::path_of(size_t segment, std::string_view ending) const {
  return fmt::format("{}-{:06}{}", options_.prefix, segment, ending);
}

// Of the next segment, where there is one; what is not whole is as good as none.
bool TextSegments::read_state(TextProgress& progress) const {
  const std::string path = path_of(count_, kState);
  std::error_code error;
  if (!fs::exists(path, error)) return false;
  simdjson::dom::parser parser;
  simdjson::dom::object state;
  std::string_view binding;
  uint64_t bytes = 0;
  if (parser.parse(read_file(path)).get(state) != simdjson::SUCCESS) return false;
  bool whole = state["binding"].get(binding) == simdjson::SUCCESS && !binding.empty();
  whole = whole && state["bytes"].get(bytes) == simdjson::SUCCESS;
  whole = whole && fs::file_size(path_of(count_, kSegment), error) == bytes;
  TextProgress read;
  for_each_number(
      read, [&](const char* name, uint64_t& number) { whole = whole && state[name].get(number) == simdjson::SUCCESS; });
  for_each_list(read, [&](const char* name, std::vector<uint64_t>& numbers) {
    simdjson::dom::array values;
    whole = whole && state[name].get(values) == simdjson::SUCCESS;
    if (!whole) return;
    for (const simdjson::dom::element value : values) {
      uint64_t number = 0;
      whole = whole && value.get(number) == simdjson::SUCCESS;
      numbers.push_back(number);
    }
  });
  simdjson::dom::array digests;
  if (!whole || state["digests"].get(digests) != simdjson::SUCCESS) return false;
  for (const simdjson::dom::element element : digests) {
    std::string_view digest;
    if (element.get(digest) != simdjson::SUCCESS) return false;
    read.digests.emplace_back(digest);
  }
  if (read.digests.size() >= bindings_.size() || binding != bindings_[read.digests.size()]) return false;
  progress = std::move(read);
  return true;
}

}  // namespace ftok
