// datatrove's shards, which nanotron trains on (datatrove/pipeline/tokens/tokenizer.py): X.ds holds the tokens in a
// row, uint16 or uint32; X.ds.index a uint64 for each document, the number of tokens up to its end; X.ds.metadata three
// lines: vocabulary and width as "NAME|2", the number of tokens, the same number for people.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <limits>

#include "core/file.h"
#include "shards/bytes.h"
#include "shards/formats/formats.h"
#include "shards/formats/token_file.h"

namespace ftok {
namespace {

constexpr std::string_view kIndex = ".ds.index", kMetadata = ".ds.metadata";

// Three significant digits and a prefix, as Python's humanize.metric(tokens, unit="T") writes them: "1.23 MT".
std::string for_people(uint64_t tokens) {
  static constexpr std::string_view kPrefixes[] = {"", "k", "M", "G", "T", "P", "E"};
  int exponent = 0;
  for (uint64_t rest = tokens; rest >= 10; rest /= 10) ++exponent;
  const double value = static_cast<double>(tokens) / std::pow(10.0, exponent / 3 * 3);
  return fmt::format("{:.{}f} {}T", value, 2 - exponent % 3, kPrefixes[exponent / 3]);
}

class DatatroveFormat : public TokenFileFormat {
 public:
  std::string_view name() const override { return "datatrove"; }
  std::string_view help() const override { return "datatrove, nanotron: .ds with an index of document ends"; }
  std::string_view extension() const override { return ".ds"; }
  EndOfText end_of_text() const override { return EndOfText::kAfter; }
  uint64_t tokens_max() const override { return std::numeric_limits<int64_t>::max() / 4; }
  std::vector<std::string_view> companions() const override { return {kIndex, kMetadata}; }

  std::vector<std::string> companion_bytes(const ShardFileOptions& options, uint64_t tokens,
                                           const std::vector<ShardDocument>& documents) const override {
    std::string index;
    index.reserve(documents.size() * sizeof(uint64_t));
    for (size_t row = 1; row < documents.size(); ++row) append_little_endian(index, documents[row].begin);
    if (!documents.empty()) append_little_endian(index, tokens);
    // Its reader takes what stands before the only bar for the name.
    std::string name = options.vocabulary_name;
    std::replace(name.begin(), name.end(), '|', '_');
    return {std::move(index), fmt::format("{}|{}\n{}\n{}", name, options.token_bytes, tokens, for_people(tokens))};
  }

  bool recognizes(const ShardBytes& shard) const override { return shard.path.ends_with(extension()); }

  // The index says how many tokens there are, and with the file's size how wide they are.
  Result<ShardLayout> read(const ShardBytes& shard) const override {
    const std::string index_path = beside_shard(shard.path, kIndex);
    if (!std::filesystem::exists(index_path)) return headerless_layout(shard.bytes.size(), width_told(shard));
    const std::string index = read_file(index_path);
    if (index.empty() || index.size() % sizeof(uint64_t) != 0) {
      return Damage{"bad_index", fmt::format("its index has {} bytes", index.size()), 0};
    }
    ShardLayout layout;
    uint64_t end = 0;
    for (size_t at = 0; at < index.size(); at += sizeof(uint64_t)) {
      const auto next = load_little_endian<uint64_t>(index, at);
      if (next < end) return Damage{"bad_index", fmt::format("entry {} of its index is out of order", at / 8), at};
      layout.document_ends.push_back(end = next);
    }
    layout.tokens = end;
    for (const size_t width : {size_t{2}, size_t{4}}) {
      if (end != 0 && shard.bytes.size() / width == end && shard.bytes.size() % width == 0) layout.token_bytes = width;
    }
    if (layout.token_bytes == 0) {
      return Damage{"size_mismatch",
                    fmt::format("its index ends at token {}, but its {} bytes hold fewer", end, shard.bytes.size()),
                    shard.bytes.size()};
    }
    return layout;
  }

  std::string vocabulary_named(const std::string& path) const override {
    const std::string metadata_path = beside_shard(path, kMetadata);
    if (!std::filesystem::exists(metadata_path)) return {};
    const std::string metadata = read_file(metadata_path);
    const std::string line = metadata.substr(0, metadata.find('\n'));
    return line.substr(0, line.rfind('|'));
  }
};

}  // namespace

const ShardFormat& datatrove_format() {
  static const DatatroveFormat format;
  return format;
}

}  // namespace ftok
