#include "shards/writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <filesystem>
#include <iterator>
#include <optional>
#include <set>
#include <utility>

#include "core/error.h"
#include "core/file.h"
#include "shards/token_bytes.h"

namespace ftok {

// One split's stream. `file` is open while the shard `entries.size()` is being written; when it is not, the last entry
// may be a short shard that open() takes up again.
struct ShardWriter::Stream {
  struct Row {
    uint64_t begin, skipped, document_tokens;
    size_t id_end;  // in `ids`
  };

  Split split = Split::kTrain;
  uint64_t first = 0, end = UINT64_MAX;              // the shards it writes
  uint64_t skip = 0;                                 // tokens of the next document that lie in shards before them
  std::vector<ShardEntry> entries;                   // from `first` on
  size_t unchanged = 0;                              // entries that the last checkpoint has returned
  std::function<std::optional<uint64_t>()> lengths;  // of the documents that will come, where that is known
  uint64_t expected_rest = 0;                        // tokens of the last one asked for that lie beyond the open shard
  uint64_t expected_tokens = 0;                      // of all documents; 0: not known
  std::unique_ptr<ShardFile> file;
  std::optional<ChecksummedFile> mask;
  std::optional<ChecksummedFile> joined;  // all shards, where the format has such a file and it is written with them
  uint64_t tokens = 0;                    // in the open shard
  std::vector<Row> rows;
  std::string ids;

  uint64_t index() const { return first + entries.size(); }  // of the open shard, or of the next one

  void add_row(uint64_t begin, uint64_t skipped, uint64_t document_tokens, std::string_view id) {
    ids += id;
    rows.push_back({begin, skipped, document_tokens, ids.size()});
  }

  std::vector<ShardDocument> documents() const {
    std::vector<ShardDocument> documents;
    documents.reserve(rows.size());
    size_t id_begin = 0;
    for (const Row& row : rows) {
      documents.push_back(
          {row.begin, row.skipped, row.document_tokens, std::string_view(ids).substr(id_begin, row.id_end - id_begin)});
      id_begin = row.id_end;
    }
    return documents;
  }

  void clear() {
    file.reset();
    mask.reset();
    tokens = 0;
    rows.clear();
    ids.clear();
  }
};

ShardWriter::ShardWriter(ShardWriterOptions options, std::vector<ShardEntry> shards) : options_(std::move(options)) {
  if (options_.shard_tokens == 0 || options_.shard_tokens > options_.format->tokens_max()) {
    throw UsageError(
        fmt::format("tokens per shard: {} is not in 1..{}", options_.shard_tokens, options_.format->tokens_max()));
  }
  if (options_.vocabulary_size == 0) throw UsageError("the vocabulary is empty");
  if (options_.token_bytes == 0) options_.token_bytes = options_.format->token_bytes(options_.vocabulary_size);
  if (options_.token_bytes < token_bytes_for(options_.vocabulary_size)) {
    throw UsageError(fmt::format("tokens of {} bytes are too small for a vocabulary of {}", options_.token_bytes,
                                 options_.vocabulary_size));
  }
  if (options_.vocabulary_size > options_.format->vocabulary_max()) {
    throw UsageError(fmt::format("the shard format {} holds ids below {}, and the vocabulary has {}",
                                 options_.format->name(), options_.format->vocabulary_max(), options_.vocabulary_size));
  }
  if (options_.placement != EndOfText::kNone && options_.end_of_text >= options_.vocabulary_size) {
    throw UsageError(fmt::format("end-of-text id {} is outside the vocabulary of {}", options_.end_of_text,
                                 options_.vocabulary_size));
  }
  for (const Split split : kSplits) {
    auto& stream = streams_[static_cast<size_t>(split)];
    stream = std::make_unique<Stream>();
    stream->split = split;
  }
  for (ShardEntry& entry : shards) {
    auto& entries = streams_[static_cast<size_t>(entry.split)]->entries;
    const bool follows_a_short_one = !entries.empty() && entries.back().tokens != options_.shard_tokens;
    if (entry.index != entries.size() || entry.tokens == 0 || entry.tokens > options_.shard_tokens ||
        follows_a_short_one || entry.mask.has_value() != options_.loss_masks) {
      throw Error(fmt::format("{}: {}, which has {} tokens, does not fit into shards of {} tokens", options_.folder,
                              entry.shard.name, entry.tokens, options_.shard_tokens));
    }
    entries.push_back(std::move(entry));
  }
  for (const auto& stream : streams_) stream->unchanged = stream->entries.size();
}

ShardWriter::ShardWriter(ShardWriterOptions options, const ShardRange& range) : ShardWriter(std::move(options)) {
  Stream& stream = *streams_[static_cast<size_t>(range.split)];
  stream.first = range.first;
  stream.end = range.end;
  stream.skip = range.skip;
}

ShardWriter::~ShardWriter() = default;

void ShardWriter::expect(Split split, std::function<std::optional<uint64_t>()> next) {
  Stream& stream = *streams_[static_cast<size_t>(split)];
  assert(!stream.file && stream.entries.empty() && stream.skip == 0);
  stream.lengths = std::move(next);
}

void ShardWriter::expect_tokens(Split split, uint64_t tokens) {
  streams_[static_cast<size_t>(split)]->expected_tokens = tokens;
}

void ShardWriter::join() {
  for ([[maybe_unused]] const auto& stream : streams_) assert(!stream->file && stream->entries.empty());
  joins_ = true;
}

// Of the shard to be opened, where its documents are known.
std::shared_ptr<const ShardPlan> ShardWriter::plan_of(Stream& stream) const {
  if (!stream.lengths || !options_.format->wants_plan()) return nullptr;
  auto plan = std::make_shared<ShardPlan>();
  while (plan->tokens < options_.shard_tokens) {
    if (stream.expected_rest == 0) {
      const std::optional<uint64_t> length = stream.lengths();
      if (!length) break;
      stream.expected_rest = *length + end_of_text_tokens();
      if (stream.expected_rest == 0) continue;
    }
    plan->begins.push_back(plan->tokens);
    const uint64_t count = std::min(stream.expected_rest, options_.shard_tokens - plan->tokens);
    plan->tokens += count;
    stream.expected_rest -= count;
  }
  return plan;
}

void ShardWriter::add(Split split, std::string_view id, std::span<const uint32_t> tokens,
                      std::span<const uint8_t> loss) {
  assert(loss.size() == (options_.loss_masks ? tokens.size() : 0));
  const uint32_t largest = largest_of(tokens);
  if (largest >= options_.vocabulary_size) {
    throw Error(
        fmt::format("document {}: token {} is outside the vocabulary of {}", id, largest, options_.vocabulary_size));
  }
  Stream& stream = *streams_[static_cast<size_t>(split)];
  const std::span<const uint32_t> end_of_text(&options_.end_of_text, end_of_text_tokens());
  constexpr uint8_t kOutOfLoss = 0;
  const std::span<const uint8_t> end_of_text_loss(&kOutOfLoss, options_.loss_masks ? end_of_text.size() : 0);
  OpenDocument document{id, tokens.size() + end_of_text.size()};
  if (document.tokens == 0) ++empty_documents_;
  if (options_.placement == EndOfText::kBefore) put(stream, document, end_of_text, end_of_text_loss);
  put(stream, document, tokens, loss);
  if (options_.placement == EndOfText::kAfter) put(stream, document, end_of_text, end_of_text_loss);
  stream.skip = 0;
}

void ShardWriter::put(Stream& stream, OpenDocument& document, std::span<const uint32_t> tokens,
                      std::span<const uint8_t> loss) {
  if (document.done < stream.skip) {
    const size_t skipped = static_cast<size_t>(std::min<uint64_t>(tokens.size(), stream.skip - document.done));
    document.done += skipped;
    tokens = tokens.subspan(skipped);
    if (!loss.empty()) loss = loss.subspan(skipped);
  }
  while (!tokens.empty() && stream.index() < stream.end) {
    const bool opens = !stream.file;
    if (opens) open(stream);
    if (opens || document.done == 0) stream.add_row(stream.tokens, document.done, document.tokens, document.id);
    const size_t count = static_cast<size_t>(std::min<uint64_t>(tokens.size(), options_.shard_tokens - stream.tokens));
    stream.file->append(tokens.first(count));
    tokens = tokens.subspan(count);
    if (stream.mask) {
      stream.mask->write({reinterpret_cast<const char*>(loss.data()), count});
      loss = loss.subspan(count);
    }
    stream.tokens += count;
    document.done += count;
    if (stream.tokens == options_.shard_tokens) publish(stream);
  }
}

ShardFileOptions ShardWriter::file_options(const Stream& stream) const {
  const std::string name = shard_name(stream.split, stream.index(), *options_.format);
  return {options_.folder + "/" + name, options_.token_bytes, options_.shard_tokens, options_.vocabulary_name};
}

void ShardWriter::open(Stream& stream) {
  if (!stream.entries.empty() && stream.entries.back().tokens < options_.shard_tokens) {
    reopen_short_shard(stream);
    return;
  }
  ShardFileOptions file = file_options(stream);
  file.plan = plan_of(stream);
  const uint64_t before = stream.index() * options_.shard_tokens;
  if (stream.expected_tokens > before) file.tokens = std::min(options_.shard_tokens, stream.expected_tokens - before);
  if (const std::string joined = joins_ ? options_.format->joined_file(stream.split) : ""; !joined.empty()) {
    const std::string path = options_.folder + "/" + joined;
    if (!stream.joined) {
      make_folder(path.substr(0, path.rfind('/')));
      stream.joined.emplace(path);
    }
    file.joined = &*stream.joined;
  }
  if (options_.format->has_split_folders()) make_folder(file.path.substr(0, file.path.rfind('/')));
  stream.file = options_.format->create(file);
  if (options_.loss_masks) stream.mask.emplace(shard_mask_path(file.path));
}

// The mask's first bytes, as the checkpoint had them.
void ShardWriter::reopen_mask(Stream& stream, const ShardEntry& entry) {
  const std::string path = options_.folder + "/" + entry.mask->name;
  const std::string bytes = read_file(path, kShardTokensMax).substr(0, entry.tokens);
  if (checksum_of(bytes) != entry.mask->checksum) {
    throw Error("cannot continue from " + path + ": its checksum differs; it is not the file the manifest lists");
  }
  stream.mask.emplace(path);
  stream.mask->write(bytes);
}

void ShardWriter::reopen_short_shard(Stream& stream) {
  const ShardEntry entry = std::move(stream.entries.back());
  stream.entries.pop_back();
  stream.unchanged = std::min(stream.unchanged, stream.entries.size());
  const ShardFileOptions file = file_options(stream);
  const auto refuse = [&](const std::string& why) {
    throw Error("cannot continue from " + file.path + ": " + why + "; it is not the file the manifest lists");
  };
  const MappedFile sidecar(shard_sidecar_path(file.path));
  const Result<SidecarView> view = SidecarView::parse(sidecar.bytes());
  if (!view) refuse("its sidecar is damaged (" + view.damage().detail + ")");
  for (size_t row = 0; row < view->size(); ++row) {
    const ShardDocument document = view->document(row);
    if (document.begin >= entry.tokens) break;
    stream.add_row(document.begin, document.skipped, document.document_tokens, document.id);
  }
  if (checksum_of(encode_sidecar(entry.tokens, entry.shard.checksum, stream.documents())) != entry.sidecar.checksum) {
    refuse("its sidecar lists other documents");
  }
  stream.file = options_.format->create(file);
  std::string checksum;
  try {
    checksum = options_.format->reopen(file.path, file, entry.tokens, stream.documents(), *stream.file);
  } catch (const Error& error) {
    refuse(error.what());
  }
  if (checksum != entry.shard.checksum) refuse("the checksum of its tokens differs");
  if (options_.loss_masks) reopen_mask(stream, entry);
  stream.tokens = entry.tokens;
}

void ShardWriter::publish(Stream& stream) {
  assert(stream.file && stream.tokens > 0);
  const std::string path = file_options(stream).path;
  const std::string name = path.substr(options_.folder.size() + 1);
  if (stream.tokens == options_.shard_tokens) ++shards_completed_;
  const std::vector<ShardDocument> documents = stream.documents();
  std::vector<FileEntry> files = stream.file->seal(documents);
  for (FileEntry& file : files) file.name.insert(0, name, 0, name.rfind('/') + 1);
  ShardEntry entry;
  entry.split = stream.split;
  entry.index = stream.index();
  entry.tokens = stream.tokens;
  entry.documents = documents.size();
  entry.shard = std::move(files.front());
  entry.companions.assign(std::make_move_iterator(files.begin() + 1), std::make_move_iterator(files.end()));
  const std::string sidecar = encode_sidecar(stream.tokens, entry.shard.checksum, documents);
  write_file(shard_sidecar_path(path), sidecar);
  entry.sidecar = {shard_sidecar_path(name), sidecar.size(), checksum_of(sidecar)};
  if (stream.mask) {
    entry.mask = FileEntry{shard_mask_path(name), stream.mask->size(), stream.mask->hex()};
    stream.mask->commit();
  }
  stream.entries.push_back(std::move(entry));
  stream.clear();
}

std::vector<ShardEntry> ShardWriter::checkpoint() {
  std::vector<ShardEntry> changed;
  for (const auto& stream : streams_) {
    if (stream->file) publish(*stream);
    if (stream->joined) {
      joined_.push_back({options_.format->joined_file(stream->split), stream->joined->size(), stream->joined->hex()});
      stream->joined->commit();
      stream->joined.reset();
    }
    const std::vector<ShardEntry>& entries = stream->entries;
    changed.insert(changed.end(), entries.begin() + static_cast<ptrdiff_t>(stream->unchanged), entries.end());
    stream->unchanged = entries.size();
  }
  return changed;
}

std::vector<ShardEntry> ShardWriter::shards() const {
  std::vector<ShardEntry> shards;
  for (const auto& stream : streams_) shards.insert(shards.end(), stream->entries.begin(), stream->entries.end());
  return shards;
}

bool ShardWriter::is_full(Split split) const {
  const Stream& stream = *streams_[static_cast<size_t>(split)];
  return stream.index() == stream.end;
}

uint64_t ShardWriter::tokens(Split split) const {
  const Stream& stream = *streams_[static_cast<size_t>(split)];
  uint64_t tokens = stream.tokens;
  for (const ShardEntry& entry : stream.entries) tokens += entry.tokens;
  return tokens;
}

bool is_shard_file_name(std::string_view name) {
  for (const std::string_view folder : {"train/", "val/"}) {
    if (name.starts_with(folder)) name.remove_prefix(folder.size());
  }
  std::string_view rest = name;
  for (const std::string_view start : {"ftok_train_", "ftok_val_"}) {
    if (rest.starts_with(start)) rest.remove_prefix(start.size());
  }
  const size_t digits = std::min(rest.find_first_not_of("0123456789"), rest.size());
  if (rest.size() == name.size() || digits == 0) return false;
  rest.remove_prefix(digits);
  for (const ShardFormat* format : shard_formats()) {
    if (rest == format->extension()) return true;
    if (rest.starts_with(format->extension())) {
      const std::string_view behind = rest.substr(format->extension().size());
      if (behind == ".docs" || behind == ".mask") return true;
    }
    for (const std::string_view companion : format->companions()) {
      if (rest == companion) return true;
    }
  }
  return rest == ".docs" || rest == ".mask";
}

std::vector<std::string> shard_files_in(const std::string& folder) {
  std::vector<std::string> names;
  std::error_code code;
  for (const std::string_view inner : {"", "train/", "val/"}) {
    for (const auto& file : std::filesystem::directory_iterator(fmt::format("{}/{}", folder, inner), code)) {
      std::string name = fmt::format("{}{}", inner, file.path().filename().string());
      if (is_shard_file_name(name)) names.push_back(std::move(name));
    }
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::vector<std::string> shards_in(const std::string& folder) {
  namespace fs = std::filesystem;
  std::vector<std::string> paths;
  for (const std::string_view inner : {"", "train", "val"}) {
    const fs::path path = inner.empty() ? fs::path(folder) : fs::path(folder) / inner;
    if (!inner.empty() && !fs::is_directory(path)) continue;
    std::error_code code;
    for (const auto& entry : fs::directory_iterator(path, code)) {
      if (entry.is_regular_file() && is_shard_name(entry.path().filename().string()))
        paths.push_back(entry.path().string());
    }
    if (code) throw_errno("cannot read " + path.string(), code.value());
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

std::vector<std::string> remove_unlisted_shards(const std::string& folder, const std::vector<ShardEntry>& shards) {
  std::set<std::string> listed;
  for (const ShardEntry& entry : shards) {
    listed.insert(entry.shard.name);
    listed.insert(entry.sidecar.name);
    for (const FileEntry& companion : entry.companions) listed.insert(companion.name);
    if (entry.mask) listed.insert(entry.mask->name);
  }
  std::vector<std::string> unlisted = shard_files_in(folder);
  std::erase_if(unlisted, [&](const std::string& name) { return listed.contains(name); });
  for (const std::string& name : unlisted) remove_file(folder + "/" + name);
  return unlisted;
}

}  // namespace ftok
