#include "shards/formats/sample_file.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "core/byte_source.h"
#include "core/error.h"
#include "core/file.h"
#include "shards/bytes.h"
#include "shards/formats/token_block.h"

namespace ftok {
namespace {

// Where tokens come from, in order: appends `tokens` of them, as they lie in the file, to a block; or throws.
using Sink = std::function<void(std::string_view)>;
using Reader = std::function<void(uint64_t tokens, TokenBlock& block, const Sink& full)>;

ShardPlan plan_of(uint64_t tokens, const std::vector<ShardDocument>& documents) {
  ShardPlan plan;
  plan.tokens = tokens;
  plan.begins.reserve(documents.size());
  for (const ShardDocument& document : documents) plan.begins.push_back(document.begin);
  return plan;
}

uint64_t sample_tokens(const ShardPlan& plan, size_t sample) {
  return (sample + 1 < plan.begins.size() ? plan.begins[sample + 1] : plan.tokens) - plan.begins[sample];
}

// What stands before the first sample.
std::string table_of(const SampleFileFormat& format, size_t token_bytes, const ShardPlan& plan) {
  const std::string config = format.config(token_bytes);
  std::string head;
  uint64_t offset = 4 + 4 * (plan.begins.size() + 1) + config.size();
  std::string table;
  table.reserve(offset);
  append_little_endian(table, static_cast<uint32_t>(plan.begins.size()));
  for (size_t sample = 0; sample < plan.begins.size(); ++sample) {
    append_little_endian(table, static_cast<uint32_t>(offset));
    head.clear();
    format.append_head(head, token_bytes, sample_tokens(plan, sample));
    offset += head.size() + sample_tokens(plan, sample) * token_bytes;
  }
  append_little_endian(table, static_cast<uint32_t>(offset));
  if (offset > UINT32_MAX) throw Error(fmt::format("the shard would have {} bytes, and holds 4 GiB", offset));
  table += config;
  return table;
}

// Lays out a file: `read` gives the tokens.
void write_samples(const SampleFileFormat& format, size_t token_bytes, const ShardPlan& plan, const Reader& read,
                   const Sink& write) {
  TokenBlock block;
  block.append(table_of(format, token_bytes, plan), write);
  std::string head;
  for (size_t sample = 0; sample < plan.begins.size(); ++sample) {
    const uint64_t count = sample_tokens(plan, sample);
    head.clear();
    format.append_head(head, token_bytes, count);
    block.append(head, write);
    read(count, block, write);
  }
  block.flush(write);
}

// Bytes that a function gives in its own pieces, read in others.
class PieceReader {
 public:
  // `more` fills some of the room and says how much; 0 at the end.
  using More = std::function<size_t(char* room, size_t size)>;
  explicit PieceReader(More more) : more_(std::move(more)) {}

  // The next bytes, at least one and at most `most`, until the next call.
  std::string_view next(uint64_t most) {
    if (taken_ == held_) {
      taken_ = 0;
      held_ = more_(block_.get(), kTokenBlockBytes);
      if (held_ == 0) throw Error("it is too short");
    }
    const auto count = static_cast<size_t>(std::min<uint64_t>(most, held_ - taken_));
    taken_ += count;
    return {block_.get() + taken_ - count, count};
  }

  // Visits the next `bytes` bytes in pieces.
  template <typename Visit>
  void read(uint64_t bytes, const Visit& visit) {
    while (bytes > 0) {
      const std::string_view piece = next(bytes);
      bytes -= piece.size();
      visit(piece);
    }
  }

 private:
  More more_;
  std::unique_ptr<char[]> block_ = std::make_unique_for_overwrite<char[]>(kTokenBlockBytes);
  size_t taken_ = 0, held_ = 0;
};

// Tokens in a file without a name, written and then read: of two bytes as long as they fit, whatever they will have.
class TokenSpool {
 public:
  TokenSpool(const std::string& path, size_t token_bytes) : path_(path), token_bytes_(token_bytes) {
    const size_t slash = path_.rfind('/');
    file_ = open_nameless_file(slash == std::string::npos ? "." : path_.substr(0, slash));
  }
  ~TokenSpool() { ::close(file_); }
  TokenSpool(const TokenSpool&) = delete;
  TokenSpool& operator=(const TokenSpool&) = delete;

  void append(std::span<const uint32_t> tokens) {
    if (is_narrow_ && token_bytes_ == 4 && largest_of(tokens) > UINT16_MAX) widen();
    put(tokens);
    narrow_ += is_narrow_ ? tokens.size() : 0;
  }

  // Appends the next tokens, of token_bytes, to a block. Nothing is appended to the spool from then on.
  void read(uint64_t tokens, TokenBlock& block, const std::function<void(std::string_view)>& full) {
    if (block_) {
      block_->flush([this](std::string_view bytes) { write(bytes); });
      block_.reset();
      reader_.emplace([this](char* room, size_t size) { return refill(room, size); });
    }
    const uint64_t narrow = std::min(tokens, narrow_);
    reader_->read(narrow * 2, [&](std::string_view bytes) {
      if (token_bytes_ == 2) return block.append(bytes, full);
      wide_.clear();
      append_tokens(bytes, 2, wide_);
      block.append(wide_, 4, full);
    });
    narrow_ -= narrow;
    if (tokens == narrow) return;
    reader_->read(std::exchange(padding_, 0), [](std::string_view) {});
    reader_->read((tokens - narrow) * 4, [&](std::string_view bytes) { block.append(bytes, full); });
  }

 private:
  // From here on four bytes for each, at places that four divides, so that no piece that is read ends in a token.
  void widen() {
    padding_ = narrow_ % 2 * 2;
    const uint32_t zero = 0;
    if (padding_ != 0) put({&zero, 1});
    is_narrow_ = false;
  }

  void put(std::span<const uint32_t> tokens) {
    const size_t width = is_narrow_ ? 2 : 4;
    block_->append(tokens, width, [this](std::string_view bytes) { write(bytes); });
    bytes_ += tokens.size() * width;
  }

  void write(std::string_view bytes) const {
    while (!bytes.empty()) {
      const ssize_t wrote = ::write(file_, bytes.data(), bytes.size());
      if (wrote < 0 && errno != EINTR) throw_errno("cannot write " + path_, errno);
      if (wrote > 0) bytes.remove_prefix(static_cast<size_t>(wrote));
    }
  }

  // Fills `room`, but for the last time.
  size_t refill(char* room, size_t size) {
    size = static_cast<size_t>(std::min<uint64_t>(size, bytes_ - taken_));
    for (size_t had = 0; had < size;) {
      const ssize_t got = ::pread(file_, room + had, size - had, static_cast<off_t>(taken_ + had));
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) throw_errno("cannot read back " + path_, got < 0 ? errno : EIO);
      had += static_cast<size_t>(got);
    }
    taken_ += size;
    return size;
  }

  const std::string path_;  // of the shard
  const size_t token_bytes_;
  int file_ = -1;
  bool is_narrow_ = true;
  uint64_t narrow_ = 0;                             // tokens of two bytes, those that are left
  uint64_t padding_ = 0;                            // bytes behind these
  uint64_t bytes_ = 0, taken_ = 0;                  // in the spool; read
  std::optional<TokenBlock> block_{std::in_place};  // while it is written
  std::optional<PieceReader> reader_;               // while it is read
  std::vector<uint32_t> wide_;                      // scratch
};

FileEntry commit(ChecksummedFile& file, const std::string& path) {
  FileEntry entry{path.substr(path.rfind('/') + 1), file.size(), file.hex()};
  file.commit();
  return entry;
}

// The table stands first and is known last: tokens are kept in a spool until then.
class SpooledSampleFile : public ShardFile {
 public:
  SpooledSampleFile(const SampleFileFormat& format, const ShardFileOptions& options)
      : format_(format), options_(options), spool_(options.path, options.token_bytes) {}

  void append(std::span<const uint32_t> tokens) override {
    spool_.append(tokens);
    tokens_ += tokens.size();
  }

  std::vector<FileEntry> seal(const std::vector<ShardDocument>& documents) override {
    ChecksummedFile output(options_.path);
    write_samples(
        format_, options_.token_bytes, plan_of(tokens_, documents),
        [this](uint64_t tokens, TokenBlock& block, const Sink& full) { spool_.read(tokens, block, full); },
        [&](std::string_view bytes) { output.write(bytes); });
    return {commit(output, options_.path)};
  }

 private:
  const SampleFileFormat& format_;
  const ShardFileOptions options_;
  TokenSpool spool_;
  uint64_t tokens_ = 0;
};

// The table is known beforehand: tokens go to their places as they come.
class PlannedSampleFile : public ShardFile {
 public:
  PlannedSampleFile(const SampleFileFormat& format, const ShardFileOptions& options)
      : format_(format), options_(options), plan_(*options.plan), output_(options.path) {
    block_.append(table_of(format_, options_.token_bytes, plan_), write_);
  }

  void append(std::span<const uint32_t> tokens) override {
    while (!tokens.empty()) {
      if (left_ == 0) begin_sample();
      const auto count = static_cast<size_t>(std::min<uint64_t>(tokens.size(), left_));
      block_.append(tokens.first(count), options_.token_bytes, write_);
      tokens = tokens.subspan(count);
      left_ -= count;
    }
  }

  std::vector<FileEntry> seal(const std::vector<ShardDocument>& documents) override {
    const auto begins_there = [](const ShardDocument& document, uint64_t begin) { return document.begin == begin; };
    if (left_ != 0 ||
        !std::equal(documents.begin(), documents.end(), plan_.begins.begin(), plan_.begins.end(), begins_there))
      refuse();
    block_.flush(write_);
    return {commit(output_, options_.path)};
  }

 private:
  void begin_sample() {
    if (begun_ == plan_.begins.size()) refuse();
    left_ = sample_tokens(plan_, begun_++);
    head_.clear();
    format_.append_head(head_, options_.token_bytes, left_);
    block_.append(head_, write_);
  }

  [[noreturn]] void refuse() const { throw Error(options_.path + ": its documents are not those that were expected"); }

  const SampleFileFormat& format_;
  const ShardFileOptions options_;
  const ShardPlan& plan_;
  ChecksummedFile output_;
  TokenBlock block_;
  size_t begun_ = 0;   // samples
  uint64_t left_ = 0;  // tokens of the last one begun
  std::string head_;   // scratch
  const Sink write_ = [this](std::string_view bytes) { output_.write(bytes); };
};

}  // namespace

uint64_t SampleTable::offset(std::string_view bytes, uint64_t sample) {
  return load_little_endian<uint32_t>(bytes, 4 + 4 * static_cast<size_t>(sample));
}

uint64_t SampleTable::end_of(std::string_view bytes) {
  return 4 + 4 * (uint64_t{load_little_endian<uint32_t>(bytes, 0)} + 1);
}

bool SampleTable::plausible(std::string_view bytes) {
  if (bytes.size() < 8) return false;
  const uint64_t samples = load_little_endian<uint32_t>(bytes, 0), end = end_of(bytes);
  return samples > 0 && end <= bytes.size() && offset(bytes, 0) >= end && offset(bytes, samples) == bytes.size();
}

Result<SampleTable> SampleTable::parse(std::string_view bytes) {
  if (!plausible(bytes)) return Damage{"bad_table", "its table of samples does not lead to its end", 0};
  SampleTable table;
  table.samples = load_little_endian<uint32_t>(bytes, 0);
  table.end = static_cast<size_t>(end_of(bytes));
  for (uint64_t sample = 0; sample < table.samples; ++sample) {
    if (offset(bytes, sample) > offset(bytes, sample + 1))
      return Damage{"bad_table", fmt::format("sample {} ends before it begins", sample), 4 + 4 * sample};
  }
  return table;
}

std::string SampleFileFormat::config(size_t) const { return {}; }

std::vector<std::string> SampleFileFormat::split_files(Split split) const {
  return {fmt::format("{}/{}", split_name(split), kSampleIndexName)};
}

std::vector<FileEntry> SampleFileFormat::write_split_files(const std::string& folder, Split split,
                                                           std::span<const ShardEntry> shards, size_t token_bytes,
                                                           const FileEntry*) const {
  const std::string text = index(shards, token_bytes);
  const std::string name = split_files(split).front();
  write_file(folder + "/" + name, text);
  return {{name, text.size(), checksum_of(text)}};
}

void SampleFileFormat::append_head(std::string&, size_t, uint64_t) const {}

std::unique_ptr<ShardFile> SampleFileFormat::create(const ShardFileOptions& options) const {
  if (options.plan != nullptr) return std::make_unique<PlannedSampleFile>(*this, options);
  return std::make_unique<SpooledSampleFile>(*this, options);
}

std::string SampleFileFormat::reopen(const std::string& path, const ShardFileOptions& options, uint64_t tokens,
                                     const std::vector<ShardDocument>& documents, ShardFile& into) const {
  const auto file = open_file_source(path);
  PieceReader source([&](char* room, size_t size) { return file->read(room, size); });
  const auto skip = [](std::string_view) {};
  std::string count;
  source.read(4, [&](std::string_view bytes) { count += bytes; });
  source.read(4 * (uint64_t{load_little_endian<uint32_t>(count, 0)} + 1) + config(options.token_bytes).size(), skip);
  std::string head, part;  // of a token, where a piece ends in one
  std::vector<uint32_t> ids;
  const Reader read = [&](uint64_t wanted, TokenBlock& block, const Sink& full) {
    head.clear();
    append_head(head, options.token_bytes, wanted);
    source.read(head.size(), skip);
    source.read(wanted * options.token_bytes, [&](std::string_view bytes) {
      block.append(bytes, full);
      part += bytes;
      const size_t whole = part.size() / options.token_bytes * options.token_bytes;
      read_tokens(std::string_view(part).substr(0, whole), options.token_bytes, ids);
      into.append(ids);
      part.erase(0, whole);
    });
  };
  Checksum checksum;
  write_samples(*this, options.token_bytes, plan_of(tokens, documents), read,
                [&](std::string_view bytes) { checksum.update(bytes); });
  return checksum.hex();
}

}  // namespace ftok
