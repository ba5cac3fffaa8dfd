#include "shards/formats/sample_file.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <functional>

#include "core/byte_source.h"
#include "core/error.h"
#include "core/file.h"
#include "shards/bytes.h"

namespace ftok {
namespace {

constexpr size_t kSampleBlockBytes = size_t{1} << 20;

// Where bytes come from, in order: fills the block, or throws.
using Reader = std::function<void(char* to, size_t bytes)>;
using Sink = std::function<void(std::string_view)>;

std::string table_of(const SampleFileFormat& format, size_t token_bytes, uint64_t tokens,
                     const std::vector<ShardDocument>& documents) {
  const std::string config = format.config(token_bytes);
  std::string head;
  uint64_t offset = 4 + 4 * (documents.size() + 1) + config.size();
  std::string table;
  table.reserve(offset);
  append_little_endian(table, static_cast<uint32_t>(documents.size()));
  for (size_t row = 0; row < documents.size(); ++row) {
    append_little_endian(table, static_cast<uint32_t>(offset));
    const uint64_t end = row + 1 < documents.size() ? documents[row + 1].begin : tokens;
    head.clear();
    format.append_head(head, token_bytes, end - documents[row].begin);
    offset += head.size() + (end - documents[row].begin) * token_bytes;
  }
  append_little_endian(table, static_cast<uint32_t>(offset));
  if (offset > UINT32_MAX) throw Error(fmt::format("the shard would have {} bytes, and holds 4 GiB", offset));
  return table + config;
}

// Lays out a file of `tokens` tokens: `read` gives them.
void write_samples(const SampleFileFormat& format, size_t token_bytes, uint64_t tokens,
                   const std::vector<ShardDocument>& documents, const Reader& read, const Sink& write) {
  write(table_of(format, token_bytes, tokens, documents));
  std::string block;
  for (size_t row = 0; row < documents.size(); ++row) {
    const uint64_t count = (row + 1 < documents.size() ? documents[row + 1].begin : tokens) - documents[row].begin;
    format.append_head(block, token_bytes, count);
    for (uint64_t left = count * token_bytes; left > 0;) {
      const size_t had = block.size(), take = static_cast<size_t>(std::min<uint64_t>(left, kSampleBlockBytes));
      block.resize(had + take);
      read(block.data() + had, take);
      left -= take;
      if (block.size() < kSampleBlockBytes) continue;
      write(block);
      block.clear();
    }
  }
  write(block);
}

// The table stands first and is known last: tokens are kept in a file without a name until then.
class SampleFile : public ShardFile {
 public:
  SampleFile(const SampleFileFormat& format, const ShardFileOptions& options) : format_(format), options_(options) {
    const size_t slash = options_.path.rfind('/');
    spool_ = open_nameless_file(slash == std::string::npos ? "." : options_.path.substr(0, slash));
  }
  ~SampleFile() override { ::close(spool_); }
  SampleFile(const SampleFile&) = delete;
  SampleFile& operator=(const SampleFile&) = delete;

  void append(std::span<const uint32_t> tokens) override {
    if (options_.token_bytes == 4) {
      block_.append(reinterpret_cast<const char*>(tokens.data()), tokens.size_bytes());
    } else {
      narrow_.assign(tokens.begin(), tokens.end());
      block_.append(reinterpret_cast<const char*>(narrow_.data()), narrow_.size() * sizeof(uint16_t));
    }
    tokens_ += tokens.size();
    if (block_.size() >= kSampleBlockBytes) flush();
  }

  std::vector<FileEntry> seal(const std::vector<ShardDocument>& documents) override {
    flush();
    ChecksummedFile file(options_.path);
    uint64_t at = 0;
    write_samples(
        format_, options_.token_bytes, tokens_, documents,
        [&](char* to, size_t bytes) {
          read_spool(to, bytes, at);
          at += bytes;
        },
        [&](std::string_view bytes) { file.write(bytes); });
    const FileEntry entry{options_.path.substr(options_.path.rfind('/') + 1), file.size(), file.hex()};
    file.commit();
    return {entry};
  }

 private:
  void flush() {
    for (std::string_view rest = block_; !rest.empty();) {
      const ssize_t wrote = ::write(spool_, rest.data(), rest.size());
      if (wrote < 0 && errno != EINTR) throw_errno("cannot write " + options_.path, errno);
      if (wrote > 0) rest.remove_prefix(static_cast<size_t>(wrote));
    }
    block_.clear();
  }

  void read_spool(char* to, size_t bytes, uint64_t at) const {
    while (bytes > 0) {
      const ssize_t got = ::pread(spool_, to, bytes, static_cast<off_t>(at));
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) throw_errno("cannot read back " + options_.path, got < 0 ? errno : EIO);
      to += got;
      bytes -= static_cast<size_t>(got);
      at += static_cast<uint64_t>(got);
    }
  }

  const SampleFileFormat& format_;
  const ShardFileOptions options_;
  int spool_ = -1;
  uint64_t tokens_ = 0;
  std::string block_;             // not yet in the spool
  std::vector<uint16_t> narrow_;  // scratch
};

// Reads a source through, in order.
class SourceReader {
 public:
  explicit SourceReader(const std::string& path) : source_(open_file_source(path)) {}

  void read(char* to, size_t bytes) {
    while (bytes > 0) {
      const size_t got = source_->read(to, bytes);
      if (got == 0) throw Error("it is too short");
      to += got;
      bytes -= got;
    }
  }
  void skip(uint64_t bytes) {
    std::string block;
    while (bytes > 0) {
      block.resize(static_cast<size_t>(std::min<uint64_t>(bytes, kSampleBlockBytes)));
      read(block.data(), block.size());
      bytes -= block.size();
    }
  }

 private:
  std::unique_ptr<ByteSource> source_;
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
                                                           std::span<const ShardEntry> shards,
                                                           size_t token_bytes) const {
  const std::string text = index(shards, token_bytes);
  const std::string name = split_files(split).front();
  write_file(folder + "/" + name, text);
  return {{name, text.size(), checksum_of(text)}};
}

void SampleFileFormat::append_head(std::string&, size_t, uint64_t) const {}

std::unique_ptr<ShardFile> SampleFileFormat::create(const ShardFileOptions& options) const {
  return std::make_unique<SampleFile>(*this, options);
}

std::string SampleFileFormat::reopen(const std::string& path, const ShardFileOptions& options, uint64_t tokens,
                                     const std::vector<ShardDocument>& documents, ShardFile& into) const {
  SourceReader source(path);
  std::string count(4, '\0');
  source.read(count.data(), count.size());
  source.skip(4 * (uint64_t{load_little_endian<uint32_t>(count, 0)} + 1) + config(options.token_bytes).size());
  Checksum checksum;
  std::vector<uint32_t> ids;
  std::string head;
  size_t row = 0;
  uint64_t left = 0;  // bytes of the open document
  const Reader read = [&](char* to, size_t bytes) {
    if (left == 0) {
      const uint64_t end = row + 1 < documents.size() ? documents[row + 1].begin : tokens;
      left = (end - documents[row].begin) * options.token_bytes;
      head.clear();
      append_head(head, options.token_bytes, end - documents[row].begin);
      source.skip(head.size());
      ++row;
    }
    source.read(to, bytes);
    left -= bytes;
    read_tokens({to, bytes}, options.token_bytes, ids);
    into.append(ids);
  };
  write_samples(*this, options.token_bytes, tokens, documents, read,
                [&](std::string_view bytes) { checksum.update(bytes); });
  return checksum.hex();
}

}  // namespace ftok
