#include "shards/formats/token_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>

#include "core/byte_source.h"
#include "core/error.h"
#include "core/file.h"
#include "shards/bytes.h"
#include "shards/formats/token_block.h"

namespace ftok {
namespace {

// The header counts the tokens that are expected from the start, those of a full shard unless more is known, so that
// the checksum is known when the last token is written. Another count is put right at the end, and the file is read
// once more for its checksum.
class TokenFile : public ShardFile {
 public:
  TokenFile(const TokenFileFormat& format, const ShardFileOptions& options)
      : format_(format), options_(options), file_(options.path) {
    if (options_.tokens == 0) options_.tokens = options_.shard_tokens;
    write(format_.header(options_.token_bytes, options_.tokens));
  }

  void append(std::span<const uint32_t> tokens) override {
    block_.append(tokens, options_.token_bytes, [this](std::string_view bytes) { write_tokens(bytes); });
    tokens_ += tokens.size();
  }

  std::vector<FileEntry> seal(const std::vector<ShardDocument>& documents) override {
    block_.flush([this](std::string_view bytes) { write_tokens(bytes); });
    const std::string header = format_.header(options_.token_bytes, tokens_);
    const bool header_changed = tokens_ != options_.tokens && !header.empty();
    if (header_changed) file_.write_at(0, header);
    const uint64_t bytes = file_.size();
    file_.commit();
    std::vector<FileEntry> files;
    files.push_back(
        {name_of(options_.path), bytes, header_changed ? checksum_of_file(options_.path) : checksum_.hex()});
    const std::vector<std::string> companions = format_.companion_bytes(options_, tokens_, documents);
    const std::vector<std::string_view> names = format_.companions();
    assert(companions.size() == names.size());
    for (size_t i = 0; i < names.size(); ++i) {
      const std::string path = beside_shard(options_.path, names[i]);
      write_file(path, companions[i]);
      files.push_back({name_of(path), companions[i].size(), checksum_of(companions[i])});
    }
    return files;
  }

 private:
  static std::string name_of(const std::string& path) { return path.substr(path.rfind('/') + 1); }

  void write(std::string_view bytes) {
    file_.write(bytes);
    checksum_.update(bytes);
  }
  void write_tokens(std::string_view bytes) {
    write(bytes);
    if (options_.joined != nullptr) options_.joined->write(bytes);
  }

  const TokenFileFormat& format_;
  ShardFileOptions options_;
  AtomicFile file_;
  Checksum checksum_;  // of what was written, with the header for the tokens that are expected
  uint64_t tokens_ = 0;
  TokenBlock block_;  // not yet written
};

}  // namespace

std::string TokenFileFormat::header(size_t, uint64_t) const { return {}; }

std::vector<std::string> TokenFileFormat::companion_bytes(const ShardFileOptions&, uint64_t,
                                                          const std::vector<ShardDocument>&) const {
  return {};
}

std::unique_ptr<ShardFile> TokenFileFormat::create(const ShardFileOptions& options) const {
  return std::make_unique<TokenFile>(*this, options);
}

// In blocks: a shard is too large to be held, or mapped, whole.
std::string TokenFileFormat::reopen(const std::string& path, const ShardFileOptions& options, uint64_t tokens,
                                    const std::vector<ShardDocument>&, ShardFile& into) const {
  const std::string header = this->header(options.token_bytes, tokens);
  Checksum checksum;
  checksum.update(header);
  const auto source = open_file_source(path);
  constexpr size_t kBlockBytes = size_t{1} << 18;
  std::string block;
  std::vector<uint32_t> ids;
  uint64_t skip = header.size(), left = tokens * options.token_bytes;
  while (left > 0) {
    const size_t had = block.size();
    block.resize(kBlockBytes);
    const size_t got = source->read(block.data() + had, kBlockBytes - had);
    if (got == 0) throw Error("it is too short");
    block.resize(had + got);
    const size_t skipped = static_cast<size_t>(std::min<uint64_t>(skip, block.size()));
    skip -= skipped;
    const size_t whole = (block.size() - skipped) / options.token_bytes * options.token_bytes;
    const size_t take = static_cast<size_t>(std::min<uint64_t>(whole, left));
    const std::string_view bytes = std::string_view(block).substr(skipped, take);
    checksum.update(bytes);
    read_tokens(bytes, options.token_bytes, ids);
    into.append(ids);
    left -= take;
    block.erase(0, skipped + take);
  }
  return checksum.hex();
}

size_t width_told(const ShardBytes& shard) {
  if (shard.token_bytes != 0 || shard.sidecar == nullptr) return shard.token_bytes;
  for (const size_t width : {size_t{2}, size_t{4}}) {
    if (shard.sidecar->shard_tokens() == shard.bytes.size() / width && shard.bytes.size() % width == 0) return width;
  }
  return 0;
}

Result<ShardLayout> headerless_layout(uint64_t bytes, size_t token_bytes) {
  if (token_bytes == 0) return Damage{"unknown_width", "nothing says how many bytes a token has", 0};
  if (bytes % token_bytes != 0) {
    return Damage{"size_mismatch",
                  fmt::format("{} bytes are not a whole number of tokens of {} bytes", bytes, token_bytes), bytes};
  }
  return ShardLayout{token_bytes, bytes / token_bytes};
}

}  // namespace ftok
