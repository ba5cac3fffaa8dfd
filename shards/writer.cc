#include "shards/writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <filesystem>
#include <optional>
#include <set>

#include "core/byte_source.h"
#include "core/error.h"
#include "core/file.h"
#include "shards/bytes.h"

namespace ftok {

std::string_view end_of_text_name(EndOfText placement) {
  switch (placement) {
    case EndOfText::kBefore: return "before";
    case EndOfText::kAfter: return "after";
    case EndOfText::kNone: return "none";
  }
  return "";
}

EndOfText parse_end_of_text(std::string_view name, std::string_view flag) {
  for (const EndOfText placement : {EndOfText::kBefore, EndOfText::kAfter, EndOfText::kNone}) {
    if (name == end_of_text_name(placement)) return placement;
  }
  throw UsageError(fmt::format("{}: \"{}\" is not one of before, after, none", flag, name));
}

// One split's stream. `file` is open while the shard `entries.size()` is being written; when it is not, the last entry
// may be a short shard that open() takes up again.
struct ShardWriter::Stream {
  struct Row {
    uint64_t begin, skipped, document_tokens;
    size_t id_end;  // in `ids`
  };

  Split split = Split::kTrain;
  std::vector<ShardEntry> entries;
  std::optional<AtomicFile> file;
  std::optional<ChecksummedFile> mask;
  uint64_t tokens = 0;  // in the open shard
  Checksum checksum;    // of what was written to the open shard
  std::vector<Row> rows;
  std::string ids;

  void add_row(uint64_t begin, uint64_t skipped, uint64_t document_tokens, std::string_view id) {
    ids += id;
    rows.push_back({begin, skipped, document_tokens, ids.size()});
  }

  void write(std::string_view bytes) {
    file->write(bytes);
    checksum.update(bytes);
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

ShardWriter::ShardWriter(ShardWriterOptions options, std::vector<ShardEntry> shards)
    : options_(std::move(options)), token_bytes_(token_bytes_for(options_.vocabulary_size)) {
  if (options_.shard_tokens == 0 || options_.shard_tokens > kShardTokensMax) {
    throw UsageError(fmt::format("--shard-tokens: {} is not in 1..{}", options_.shard_tokens, kShardTokensMax));
  }
  if (options_.vocabulary_size == 0) throw UsageError("the vocabulary is empty");
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
      throw Error(fmt::format("{}: {} of {} tokens cannot follow in shards of {} tokens", options_.folder,
                              entry.shard.name, entry.tokens, options_.shard_tokens));
    }
    entries.push_back(std::move(entry));
  }
}

ShardWriter::~ShardWriter() = default;

void ShardWriter::add(Split split, std::string_view id, std::span<const uint32_t> tokens,
                      std::span<const uint8_t> loss) {
  assert(loss.size() == (options_.loss_masks ? tokens.size() : 0));
  scratch_.clear();
  if (options_.placement == EndOfText::kBefore) scratch_.push_back(options_.end_of_text);
  uint32_t largest = 0;
  for (const uint32_t token : tokens) largest = std::max(largest, token);
  if (largest >= options_.vocabulary_size) {
    throw Error(
        fmt::format("document {}: token {} is outside the vocabulary of {}", id, largest, options_.vocabulary_size));
  }
  scratch_.insert(scratch_.end(), tokens.begin(), tokens.end());
  if (options_.placement == EndOfText::kAfter) scratch_.push_back(options_.end_of_text);
  if (options_.loss_masks) {
    scratch_mask_.assign(scratch_.size(), '\0');
    std::copy(loss.begin(), loss.end(), scratch_mask_.begin() + (options_.placement == EndOfText::kBefore ? 1 : 0));
  }
  if (scratch_.empty()) {
    ++empty_documents_;
    return;
  }
  Stream& stream = *streams_[static_cast<size_t>(split)];
  for (size_t done = 0; done < scratch_.size();) {
    if (!stream.file) open(stream);
    stream.add_row(stream.tokens, done, scratch_.size(), id);
    const size_t count =
        static_cast<size_t>(std::min<uint64_t>(scratch_.size() - done, options_.shard_tokens - stream.tokens));
    write_tokens(stream, std::span<const uint32_t>(scratch_).subspan(done, count));
    if (stream.mask) stream.mask->write(std::string_view(scratch_mask_).substr(done, count));
    stream.tokens += count;
    done += count;
    if (stream.tokens == options_.shard_tokens) publish(stream);
  }
}

// The layout is little-endian, as this machine is (bytes.h), so four-byte tokens are written as they lie.
void ShardWriter::write_tokens(Stream& stream, std::span<const uint32_t> tokens) {
  std::string_view bytes(reinterpret_cast<const char*>(tokens.data()), tokens.size_bytes());
  if (token_bytes_ == 2) {
    narrow_.assign(tokens.begin(), tokens.end());
    bytes = {reinterpret_cast<const char*>(narrow_.data()), narrow_.size() * sizeof(uint16_t)};
  }
  stream.write(bytes);
}

void ShardWriter::open(Stream& stream) {
  if (!stream.entries.empty() && stream.entries.back().tokens < options_.shard_tokens) {
    reopen_short_shard(stream);
    return;
  }
  stream.file.emplace(options_.folder + "/" + shard_name(stream.split, stream.entries.size()));
  stream.checksum = Checksum();
  stream.write(encode_shard_header(token_bytes_, options_.shard_tokens));
  if (options_.loss_masks)
    stream.mask.emplace(shard_mask_path(options_.folder + "/" + shard_name(stream.split, stream.entries.size())));
}

// The mask's first bytes, as the checkpoint had them.
void ShardWriter::reopen_mask(Stream& stream, const ShardEntry& entry) {
  const std::string path = options_.folder + "/" + entry.mask->name;
  const std::string bytes = read_file(path, kShardTokensMax).substr(0, entry.tokens);
  if (checksum_of(bytes) != entry.mask->checksum) {
    throw Error("cannot go on from " + path + ": it has another checksum; it is not the file the manifest lists");
  }
  stream.mask.emplace(path);
  stream.mask->write(bytes);
}

void ShardWriter::reopen_short_shard(Stream& stream) {
  const ShardEntry entry = stream.entries.back();
  const std::string path = options_.folder + "/" + shard_name(stream.split, entry.index);
  const auto refuse = [&](const std::string& why) {
    throw Error("cannot go on from " + path + ": " + why + "; it is not the file the manifest lists");
  };
  const MappedFile sidecar(shard_sidecar_path(path));
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
  // The tokens are copied in blocks: a shard is too large to be held, or mapped, whole.
  const auto source = open_file_source(path);
  stream.file.emplace(path);
  stream.checksum = Checksum();
  stream.write(encode_shard_header(token_bytes_, options_.shard_tokens));
  Checksum checksum;
  checksum.update(encode_shard_header(token_bytes_, entry.tokens));
  std::string block(size_t{1} << 18, '\0');
  uint64_t position = 0;  // in the old file
  const uint64_t end = kShardHeaderBytes + entry.tokens * token_bytes_;
  while (position < end) {
    const size_t got =
        source->read(block.data(), static_cast<size_t>(std::min<uint64_t>(block.size(), end - position)));
    if (got == 0) refuse("it is too short");
    const size_t header = position < kShardHeaderBytes ? std::min<size_t>(got, kShardHeaderBytes - position) : 0;
    const std::string_view tokens = std::string_view(block).substr(header, got - header);
    stream.write(tokens);
    checksum.update(tokens);
    position += got;
  }
  if (checksum.hex() != entry.shard.checksum) refuse("its tokens have another checksum");
  if (options_.loss_masks) reopen_mask(stream, entry);
  stream.entries.pop_back();
  stream.tokens = entry.tokens;
}

void ShardWriter::publish(Stream& stream) {
  assert(stream.file && stream.tokens > 0);
  const std::string name = shard_name(stream.split, stream.entries.size());
  const std::string path = options_.folder + "/" + name;
  if (stream.tokens < options_.shard_tokens) {
    stream.file->write_at(0, encode_shard_header(token_bytes_, stream.tokens));
  } else {
    ++shards_completed_;
  }
  const uint64_t bytes = stream.file->size();
  stream.file->commit();
  ShardEntry entry;
  entry.split = stream.split;
  entry.index = stream.entries.size();
  entry.tokens = stream.tokens;
  entry.documents = stream.rows.size();
  entry.shard.name = name;
  entry.shard.bytes = bytes;
  // The header counts a full shard's tokens from the start, so its checksum is known; a shorter one's header has just
  // changed.
  entry.shard.checksum = stream.tokens == options_.shard_tokens ? stream.checksum.hex() : checksum_of_file(path);
  const std::string sidecar = encode_sidecar(stream.tokens, entry.shard.checksum, stream.documents());
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
  std::vector<ShardEntry> shards;
  for (const auto& stream : streams_) {
    if (stream->file) publish(*stream);
    shards.insert(shards.end(), stream->entries.begin(), stream->entries.end());
  }
  return shards;
}

uint64_t ShardWriter::tokens(Split split) const {
  const Stream& stream = *streams_[static_cast<size_t>(split)];
  uint64_t tokens = stream.tokens;
  for (const ShardEntry& entry : stream.entries) tokens += entry.tokens;
  return tokens;
}

std::vector<std::string> remove_unlisted_shards(const std::string& folder, const std::vector<ShardEntry>& shards) {
  std::set<std::string> listed;
  for (const ShardEntry& entry : shards) {
    listed.insert(entry.shard.name);
    listed.insert(entry.sidecar.name);
    if (entry.mask) listed.insert(entry.mask->name);
  }
  std::set<std::string> unlisted;
  std::error_code code;
  for (const auto& file : std::filesystem::directory_iterator(folder, code)) {
    const std::string name = file.path().filename().string();
    const bool ours = name.starts_with("ftok_train_") || name.starts_with("ftok_val_");
    const bool shard = name.ends_with(".bin") || name.ends_with(".docs") || name.ends_with(".mask");
    if (ours && shard && !listed.contains(name)) unlisted.insert(name);
  }
  for (const std::string& name : unlisted) std::filesystem::remove(folder + "/" + name, code);
  return {unlisted.begin(), unlisted.end()};
}

}  // namespace ftok
