// MosaicML's shards, which LLM Foundry trains on (streaming/base/format/mds/): a table of samples, the columns as JSON,
// and the samples, here of one column "tokens", an array of NumPy's of one dimension: uint32 bytes, a byte ndim << 2 |
// code of the shape's type, the number of tokens (uint8, uint16 or uint32, the narrowest), the tokens, uint16 or int32.
// index.json lists the shards of a folder, so each split has a folder of its own.
#include <fmt/format.h>

#include <algorithm>

#include "core/file.h"
#include "shards/bytes.h"
#include "shards/formats/formats.h"
#include "shards/formats/sample_file.h"
#include "shards/json_fields.h"
#include "shards/writer.h"

namespace ftok {
namespace {

constexpr std::string_view kColumn = "tokens";
constexpr std::string_view kArray = "ndarray:";

std::string_view type_name(size_t token_bytes) { return token_bytes == 2 ? "uint16" : "int32"; }

// The width of the tokens that "ndarray:TYPE" or "ndarray:TYPE:N" holds, and N; 0 where there is none.
struct ArrayType {
  size_t token_bytes = 0;
  uint64_t length = 0;

  static ArrayType parse(std::string_view encoding) {
    if (!encoding.starts_with(kArray)) return {};
    encoding.remove_prefix(kArray.size());
    const std::string_view type = encoding.substr(0, encoding.find(':'));
    ArrayType array;
    if (type == "uint16") array.token_bytes = 2;
    if (type == "int32" || type == "uint32") array.token_bytes = 4;
    for (const char c : encoding.substr(std::min(type.size() + 1, encoding.size()))) {
      if (c < '0' || c > '9' || array.length > UINT32_MAX) return {};
      array.length = array.length * 10 + static_cast<uint64_t>(c - '0');
    }
    return array;
  }
};

// The columns of a sample: the sizes of those that vary stand first, uint32 each, then all in order.
struct Columns {
  std::vector<uint64_t> sizes;  // 0: it varies
  size_t tokens = 0;            // which column
  ArrayType type;

  static Result<Columns> parse(std::string_view config);
  size_t heads() const { return 4 * static_cast<size_t>(std::count(sizes.begin(), sizes.end(), uint64_t{0})); }
  // Where the tokens of a sample lie in it, and how many they are; damage where they do not fit.
  Result<std::pair<size_t, uint64_t>> place(std::string_view sample) const;
};

std::vector<uint64_t> sizes_of(std::string_view array) {
  std::vector<uint64_t> sizes;
  for (size_t at = 1; at < array.size();) {
    const size_t end = std::min(array.find_first_of(",]", at), array.size());
    uint64_t size = 0;
    for (const char c : array.substr(at, end - at)) {
      if (c >= '0' && c <= '9' && size < UINT32_MAX) size = size * 10 + static_cast<uint64_t>(c - '0');
    }
    sizes.push_back(size);
    at = end + 1;
  }
  return sizes;
}

Result<Columns> Columns::parse(std::string_view config) {
  try {
    const JsonFields fields(config);
    const std::vector<std::string> names = fields.texts("column_names"), encodings = fields.texts("column_encodings");
    Columns columns;
    columns.sizes = sizes_of(fields.raw("column_sizes"));
    columns.tokens = static_cast<size_t>(std::find(names.begin(), names.end(), kColumn) - names.begin());
    if (encodings.size() != names.size() || columns.sizes.size() != names.size() || columns.tokens == names.size())
      return Damage{"bad_columns", "its samples have no column \"tokens\"", 0};
    columns.type = ArrayType::parse(encodings[columns.tokens]);
    if (columns.type.token_bytes == 0)
      return Damage{
          "bad_type",
          fmt::format("its tokens are \"{}\", not an array of uint16, int32 or uint32", encodings[columns.tokens]), 0};
    return columns;
  } catch (const JsonFields::Missing& missing) {
    return Damage{"bad_columns", fmt::format("its columns cannot be read: {}", missing.what()), 0};
  }
}

Result<std::pair<size_t, uint64_t>> Columns::place(std::string_view sample) const {
  const Damage damage{"bad_sample", "its tokens do not fit in it", 0};
  uint64_t at = heads(), size = 0;
  if (at > sample.size()) return damage;
  size_t varying = 0;
  for (size_t column = 0; column <= tokens; ++column) {
    at += size;
    size = sizes[column] != 0 ? sizes[column] : load_little_endian<uint32_t>(sample, 4 * varying++);
  }
  if (at > sample.size() || size > sample.size() - at) return damage;
  const std::string_view value = sample.substr(at, size);
  if (type.length != 0) {
    if (value.size() != type.length * type.token_bytes) return damage;
    return std::pair<size_t, uint64_t>(at, type.length);
  }
  const size_t width = value.empty() ? 0 : size_t{1} << (value[0] & 3);
  if (value.empty() || (value[0] & ~3) != 1 << 2 || width > 4 || value.size() < 1 + width) return damage;
  uint64_t length = 0;
  for (size_t i = 0; i < width; ++i) length |= uint64_t{static_cast<uint8_t>(value[1 + i])} << (8 * i);
  if (value.size() != 1 + width + length * type.token_bytes) return damage;
  return std::pair<size_t, uint64_t>(at + 1 + width, length);
}

// What stands in each shard, and in the index for each.
std::string columns_json(size_t token_bytes) {
  return fmt::format(
      R"("column_encodings": ["{}{}"], "column_names": ["{}"], "column_sizes": [null], "compression": null, )"
      R"("format": "mds", "hashes": [])",
      kArray, type_name(token_bytes), kColumn);
}

class MdsFormat : public SampleFileFormat {
 public:
  std::string_view name() const override { return "mds"; }
  std::string_view help() const override { return "MosaicML streaming: a sample for each document"; }
  std::string_view extension() const override { return ".mds"; }
  uint64_t tokens_max() const override { return 200'000'000; }  // 4 GiB, also where each is a document

  std::string config(size_t token_bytes) const override {
    return fmt::format("{{{}, \"size_limit\": null, \"version\": 2}}", columns_json(token_bytes));
  }

  void append_head(std::string& out, size_t token_bytes, uint64_t tokens) const override {
    const uint8_t code = tokens <= UINT8_MAX ? 0 : tokens <= UINT16_MAX ? 1 : 2;
    const size_t width = size_t{1} << code;
    append_little_endian(out, static_cast<uint32_t>(1 + width + tokens * token_bytes));
    append_little_endian(out, static_cast<uint8_t>(1 << 2 | code));
    for (size_t i = 0; i < width; ++i) append_little_endian(out, static_cast<uint8_t>(tokens >> (8 * i)));
  }

  bool recognizes(const ShardBytes& shard) const override { return shard.path.ends_with(extension()); }

  Result<ShardLayout> read(const ShardBytes& shard) const override {
    const Result<SampleTable> table = SampleTable::parse(shard.bytes);
    if (!table) return table.damage();
    const size_t first = static_cast<size_t>(SampleTable::offset(shard.bytes, 0));
    const Result<Columns> columns = Columns::parse(shard.bytes.substr(table->end, first - table->end));
    if (!columns) return columns.damage();
    ShardLayout layout;
    layout.token_bytes = columns->type.token_bytes;
    layout.sample_tokens = columns->type.length;
    layout.offsets.reserve(table->samples);
    layout.document_ends.reserve(table->samples);
    constexpr uint64_t kAhead = 16;  // samples lie far apart: the next ones' heads are fetched meanwhile
    for (uint64_t sample = 0; sample < table->samples; ++sample) {
      if (sample + kAhead < table->samples)
        __builtin_prefetch(shard.bytes.data() + SampleTable::offset(shard.bytes, sample + kAhead));
      const auto begin = static_cast<size_t>(SampleTable::offset(shard.bytes, sample));
      const auto end = static_cast<size_t>(SampleTable::offset(shard.bytes, sample + 1));
      const auto place = columns->place(shard.bytes.substr(begin, end - begin));
      if (!place) return Damage{"bad_sample", fmt::format("sample {}: {}", sample, place.damage().detail), begin};
      layout.offsets.push_back(begin + place->first);
      layout.document_ends.push_back(layout.tokens += place->second);
    }
    return layout;
  }

  std::string index(std::span<const ShardEntry> shards, size_t token_bytes) const override {
    std::string list;
    for (const ShardEntry& entry : shards) {
      list += fmt::format(R"({}{{{}, "raw_data": {{"basename": "{}", "bytes": {}, "hashes": {{}}}}, "samples": {}, )"
                          R"("size_limit": null, "version": 2, "zip_data": null}})",
                          list.empty() ? "" : ", ", columns_json(token_bytes),
                          entry.shard.name.substr(entry.shard.name.rfind('/') + 1), entry.shard.bytes, entry.documents);
    }
    return fmt::format(R"({{"shards": [{}], "version": 2}})", list);
  }
};

}  // namespace

const ShardFormat& mds_format() {
  static const MdsFormat format;
  return format;
}

}  // namespace ftok
