// LitData's chunks of tokens, which litgpt trains on (litdata/streaming/writer.py, TokensLoader in item_loader.py): a
// table of items and the tokens in a row, int32 or uint16. index.json lists the chunks of a folder, so each split has a
// folder of its own.
#include <fmt/format.h>

#include <filesystem>

#include "core/file.h"
#include "shards/formats/formats.h"
#include "shards/formats/sample_file.h"
#include "shards/formats/token_file.h"
#include "shards/json_fields.h"
#include "shards/writer.h"

namespace ftok {
namespace {

// Places in litdata's _TORCH_DTYPES_MAPPING; older releases have no uint16.
constexpr std::string_view kInt32 = "no_header_tensor:16", kInt32Too = "no_header_tensor:15",
                           kUint16 = "no_header_tensor:20";

class LitdataFormat : public SampleFileFormat {
 public:
  std::string_view name() const override { return "litdata"; }
  std::string_view help() const override { return "LitData, litgpt: chunks with an index.json for each split"; }
  std::string_view extension() const override { return ".bin"; }
  uint64_t tokens_max() const override { return 500'000'000; }  // 4 GiB, also where each is a document
  size_t token_bytes(uint64_t) const override { return 4; }

  bool recognizes(const ShardBytes& shard) const override {
    return shard.path.ends_with(extension()) && SampleTable::plausible(shard.bytes) &&
           SampleTable::offset(shard.bytes, 0) == SampleTable::end_of(shard.bytes);
  }

  Result<ShardLayout> read(const ShardBytes& shard) const override {
    const Result<SampleTable> table = SampleTable::parse(shard.bytes);
    if (!table) return table.damage();
    if (SampleTable::offset(shard.bytes, 0) != table->end)
      return Damage{"bad_table", "its first item does not follow the table", 4};
    const Result<size_t> width = width_of(shard, table->end);
    if (!width) return width.damage();
    ShardLayout layout;
    layout.token_bytes = *width;
    layout.begin = table->end;
    layout.tokens = (shard.bytes.size() - table->end) / *width;
    layout.document_ends.reserve(table->samples);
    for (uint64_t item = 1; item <= table->samples; ++item) {
      const uint64_t end = SampleTable::offset(shard.bytes, item) - table->end;
      if (end % *width != 0)
        return Damage{"size_mismatch", fmt::format("item {} is not a whole number of tokens", item - 1), 4 * item};
      layout.document_ends.push_back(end / *width);
    }
    return layout;
  }

  std::string index(std::span<const ShardEntry> shards, size_t token_bytes) const override {
    std::string chunks;
    for (const ShardEntry& entry : shards) {
      chunks += fmt::format(R"({}{{"chunk_bytes": {}, "chunk_size": {}, "dim": {}, "filename": "{}"}})",
                            chunks.empty() ? "" : ", ", entry.shard.bytes, entry.documents, entry.tokens,
                            entry.shard.name.substr(entry.shard.name.rfind('/') + 1));
    }
    return fmt::format(R"({{"chunks": [{}], "config": {{"chunk_bytes": null, "chunk_size": null, "compression": null, )"
                       R"("data_format": ["{}"], "data_spec": )"
                       R"("[1, {{\"type\": null, \"context\": null, \"children_spec\": []}}]", "encryption": null, )"
                       R"("item_loader": "TokensLoader"}}}})",
                       chunks, token_bytes == 2 ? kUint16 : kInt32);
  }

 private:
  // As the index beside the chunk says, else as told, else int32.
  static Result<size_t> width_of(const ShardBytes& shard, size_t begin) {
    const std::string index = (std::filesystem::path(shard.path).parent_path() / kSampleIndexName).string();
    if (std::filesystem::exists(index)) {
      try {
        const std::string text = read_file(index);
        const JsonFields config = JsonFields(text).object("config");
        const std::vector<std::string> formats = config.texts("data_format");
        const std::string format = formats.size() == 1 ? formats[0] : "";
        if (config.raw("compression") != "null")
          return Damage{"compressed", "its chunks are compressed, which is not read here", 0};
        if (format == kUint16) return size_t{2};
        if (format == kInt32 || format == kInt32Too) return size_t{4};
        return Damage{"bad_type", fmt::format("its items are \"{}\", not int32 or uint16 tokens", format), 0};
      } catch (const JsonFields::Missing& missing) {
        return Damage{"bad_index", fmt::format("its index.json: {}", missing.what()), 0};
      }
    }
    if (const size_t told = width_told(shard); told != 0) return told;
    const uint64_t bytes = shard.bytes.size() - begin;
    if (shard.sidecar != nullptr && bytes == shard.sidecar->shard_tokens() * 2) return size_t{2};
    return size_t{4};
  }
};

}  // namespace

const ShardFormat& litdata_format() {
  static const LitdataFormat format;
  return format;
}

}  // namespace ftok
