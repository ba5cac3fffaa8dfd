// Megatron-LM's indexed dataset, which NeMo and GPT-NeoX read too (megatron/core/datasets/indexed_dataset.py): X.bin
// holds the tokens in a row, uint16 or int32; X.idx "MMIDIDX\0\0", uint64 version 1, uint8 code of the type (8 or 4),
// uint64 number of sequences S, uint64 number of document indices D, then int32[S] lengths, int64[S] byte offsets and
// int64[D] the first sequence of each document, S at the end. ftok writes one sequence for each document.
//
// A trainer is given prefixes, and likes one. joined/train.bin and joined/train.idx are all shards of the split, and
// there a document that a cut divides is one sequence.
#include <fmt/format.h>

#include <filesystem>
#include <functional>
#include <limits>

#include "core/byte_source.h"
#include "core/error.h"
#include "core/file.h"
#include "shards/bytes.h"
#include "shards/formats/formats.h"
#include "shards/formats/token_file.h"
#include "shards/writer.h"

namespace ftok {
namespace {

constexpr std::string_view kIdx = ".idx";
constexpr std::string_view kMagic("MMIDIDX\0\0", 9);
constexpr size_t kHeaderBytes = 9 + 8 + 1 + 8 + 8;
constexpr uint8_t kUint16Code = 8, kInt32Code = 4;  // DType
constexpr size_t kBlockBytes = size_t{1} << 18;     // stays in the cache of a core

std::string index_header(size_t token_bytes, uint64_t sequences) {
  std::string header(kMagic);
  append_little_endian(header, uint64_t{1});
  append_little_endian(header, token_bytes == 2 ? kUint16Code : kInt32Code);
  append_little_endian(header, sequences);
  append_little_endian(header, sequences + 1);
  return header;
}

class MegatronFormat : public TokenFileFormat {
 public:
  std::string_view name() const override { return "megatron"; }
  std::string_view help() const override { return "Megatron-LM, NeMo: .bin with an .idx, and all shards joined"; }
  std::string_view extension() const override { return ".bin"; }
  EndOfText end_of_text() const override { return EndOfText::kAfter; }
  uint64_t tokens_max() const override { return std::numeric_limits<int32_t>::max(); }  // of one sequence
  uint64_t vocabulary_max() const override { return uint64_t{1} << 31; }                // int32
  std::vector<std::string_view> companions() const override { return {kIdx}; }

  std::vector<std::string> companion_bytes(const ShardFileOptions& options, uint64_t tokens,
                                           const std::vector<ShardDocument>& documents) const override {
    std::string index = index_header(options.token_bytes, documents.size());
    index.reserve(index.size() + documents.size() * 20 + 8);
    for (size_t row = 0; row < documents.size(); ++row) {
      const uint64_t end = row + 1 < documents.size() ? documents[row + 1].begin : tokens;
      append_little_endian(index, static_cast<int32_t>(end - documents[row].begin));
    }
    for (const ShardDocument& document : documents)
      append_little_endian(index, static_cast<int64_t>(document.begin * options.token_bytes));
    for (size_t row = 0; row <= documents.size(); ++row) append_little_endian(index, static_cast<int64_t>(row));
    return {std::move(index)};
  }

  bool recognizes(const ShardBytes& shard) const override {
    const std::string index = beside_shard(shard.path, kIdx);
    if (!shard.path.ends_with(extension()) || !std::filesystem::exists(index)) return false;
    std::string magic(kMagic.size(), '\0');
    return open_file_source(index)->read(magic.data(), magic.size()) == magic.size() && magic == kMagic;
  }

  Result<ShardLayout> read(const ShardBytes& shard) const override {
    const std::string index_path = beside_shard(shard.path, kIdx);
    if (!std::filesystem::exists(index_path)) return headerless_layout(shard.bytes.size(), width_told(shard));
    const MappedFile index(index_path);
    return layout_of(index.bytes(), shard.bytes.size());
  }

  std::vector<std::string> split_files(Split split) const override {
    const std::string prefix = fmt::format("joined/{}", split_name(split));
    return {prefix + std::string(extension()), prefix + std::string(kIdx)};
  }

  std::string joined_file(Split split) const override { return split_files(split).front(); }

  std::vector<FileEntry> write_split_files(const std::string& folder, Split split, std::span<const ShardEntry> shards,
                                           size_t token_bytes, const FileEntry* joined) const override;

 private:
  static Result<ShardLayout> layout_of(std::string_view index, uint64_t bytes);
};

// Sequences that lie in a row from the file's start to its end, as every writer of the format leaves them.
Result<ShardLayout> MegatronFormat::layout_of(std::string_view index, uint64_t bytes) {
  if (index.size() < kHeaderBytes || !index.starts_with(kMagic) || load_little_endian<uint64_t>(index, 9) != 1) {
    return Damage{"bad_index", "its index does not begin as version 1 of Megatron's does", 0};
  }
  const auto code = load_little_endian<uint8_t>(index, 17);
  if (code != kUint16Code && code != kInt32Code)
    return Damage{"bad_type", fmt::format("its tokens have the type {}, not 8 (uint16) or 4 (int32)", code), 17};
  const auto sequences = load_little_endian<uint64_t>(index, 18), documents = load_little_endian<uint64_t>(index, 26);
  const uint64_t rest = index.size() - kHeaderBytes;
  if (sequences > rest / 12 || documents > rest / 8 || documents == 0 ||
      (rest != sequences * 12 + documents * 8 && rest != sequences * 13 + documents * 8)) {
    return Damage{"bad_index",
                  fmt::format("its index has {} bytes, not those of {} sequences", index.size(), sequences), 18};
  }
  ShardLayout layout;
  layout.token_bytes = code == kUint16Code ? 2 : 4;
  const size_t offsets = kHeaderBytes + sequences * 4, firsts = offsets + sequences * 8;
  uint64_t next = 0;  // document
  for (uint64_t sequence = 0; sequence <= sequences; ++sequence) {
    for (; next < documents && load_little_endian<uint64_t>(index, firsts + next * 8) == sequence; ++next) {
      if (layout.tokens > 0 && (layout.document_ends.empty() || layout.document_ends.back() != layout.tokens))
        layout.document_ends.push_back(layout.tokens);
    }
    if (sequence == sequences) break;
    const auto length = load_little_endian<uint32_t>(index, kHeaderBytes + sequence * 4);
    if (load_little_endian<uint64_t>(index, offsets + sequence * 8) != layout.tokens * layout.token_bytes) {
      return Damage{"bad_index", fmt::format("sequence {} does not begin where the one before it ends", sequence),
                    offsets + sequence * 8};
    }
    layout.tokens += length;
  }
  if (next != documents) return Damage{"bad_index", "its document indices are out of order", firsts};
  if (layout.tokens * layout.token_bytes != bytes) {
    return Damage{"size_mismatch",
                  fmt::format("its index ends at token {}, and the file has {} bytes", layout.tokens, bytes), bytes};
  }
  return layout;
}

// Calls visit(tokens) for each whole document of the shards, in order.
void for_each_document(const std::string& folder, std::span<const ShardEntry> shards,
                       const std::function<void(uint64_t)>& visit) {
  for (const ShardEntry& entry : shards) {
    const MappedFile file(folder + "/" + entry.sidecar.name);
    const Result<SidecarView> sidecar = SidecarView::parse(file.bytes());
    if (!sidecar) throw Error(fmt::format("{} is damaged: {}", file.path(), sidecar.damage().detail));
    for (size_t row = 0; row < sidecar->size(); ++row) {
      const ShardDocument document = sidecar->document(row);
      if (document.skipped == 0) visit(document.document_tokens);
    }
  }
}

// Integers to a file, in blocks.
class IntegerWriter {
 public:
  explicit IntegerWriter(ChecksummedFile& file) : file_(file) {}
  ~IntegerWriter() = default;

  template <std::integral T>
  void add(T value) {
    append_little_endian(block_, value);
    if (block_.size() >= kBlockBytes) flush();
  }
  void flush() {
    file_.write(block_);
    block_.clear();
  }

 private:
  ChecksummedFile& file_;
  std::string block_;
};

FileEntry join_tokens(const std::string& folder, const std::string& name, std::span<const ShardEntry> shards) {
  AtomicFile joined(folder + "/" + name);
  Checksum checksum;
  std::string block(kBlockBytes, '\0');
  for (const ShardEntry& entry : shards) {
    const auto source = open_file_source(folder + "/" + entry.shard.name);
    while (const size_t got = source->read(block.data(), block.size())) {
      const std::string_view bytes = std::string_view(block).substr(0, got);
      joined.write(bytes);
      checksum.update(bytes);
    }
  }
  const FileEntry file{name, joined.size(), checksum.hex()};
  joined.commit();
  return file;
}

std::vector<FileEntry> MegatronFormat::write_split_files(const std::string& folder, Split split,
                                                         std::span<const ShardEntry> shards, size_t token_bytes,
                                                         const FileEntry* joined) const {
  const std::vector<std::string> names = split_files(split);
  std::vector<FileEntry> files = {joined != nullptr ? *joined : join_tokens(folder, names[0], shards)};
  uint64_t documents = 0;
  for_each_document(folder, shards, [&](uint64_t tokens) {
    ++documents;
    if (tokens > tokens_max())
      throw Error(fmt::format("{}/{}: a document of {} tokens does not fit in a sequence, which holds {}", folder,
                              names[1], tokens, tokens_max()));
  });
  ChecksummedFile index(folder + "/" + names[1]);
  index.write(index_header(token_bytes, documents));
  IntegerWriter integers(index);
  for_each_document(folder, shards, [&](uint64_t tokens) { integers.add(static_cast<int32_t>(tokens)); });
  uint64_t offset = 0;
  for_each_document(folder, shards, [&](uint64_t tokens) {
    integers.add(static_cast<int64_t>(offset));
    offset += tokens * token_bytes;
  });
  for (uint64_t document = 0; document <= documents; ++document) integers.add(static_cast<int64_t>(document));
  integers.flush();
  if (offset != files[0].bytes)
    throw Error(fmt::format("{}: its documents have {} bytes, and the shards {}", names[1], offset, files[0].bytes));
  files.push_back({names[1], index.size(), index.hex()});
  index.commit();
  return files;
}

}  // namespace

const ShardFormat& megatron_format() {
  static const MegatronFormat format;
  return format;
}

}  // namespace ftok
