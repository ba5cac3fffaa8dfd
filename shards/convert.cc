#include "shards/convert.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "core/error.h"
#include "core/file.h"
#include "core/new_folder.h"
#include "shards/manifest.h"
#include "shards/shard_documents.h"
#include "shards/split_files.h"

namespace ftok {
namespace {

// The layout of the output, as far as the source decides it.
ShardWriterOptions writer_options(const ConvertOptions& options, const ShardSource& source) {
  const std::optional<Manifest>& manifest = source.manifest();
  ShardWriterOptions writer;
  writer.format = options.to;
  // Without a manifest: all ids that the width holds. token_bytes = 2 says that they fit in two bytes.
  const bool is_narrow = source.token_bytes() == 2 || options.token_bytes == "2";
  writer.vocabulary_size = manifest ? manifest->vocabulary.size : uint64_t{1} << (is_narrow ? 16 : 32);
  if (!manifest) writer.vocabulary_size = std::min(writer.vocabulary_size, options.to->vocabulary_max());
  writer.vocabulary_name = manifest ? manifest->vocabulary.name : "";
  writer.token_bytes = parse_token_bytes(*options.to, options.token_bytes, writer.vocabulary_size, "token_bytes");
  writer.end_of_text = source.end_of_text();
  writer.placement =
      options.end_of_text == "auto" ? options.to->end_of_text() : parse_end_of_text(options.end_of_text, "end_of_text");
  if (source.placement() == EndOfText::kNone) {
    if (options.end_of_text != "auto" && writer.placement != EndOfText::kNone) {
      throw UsageError("end_of_text: these shards have no end-of-text tokens, and none can be added");
    }
    writer.placement = EndOfText::kNone;
  }
  writer.loss_masks = source.has_masks();
  writer.shard_tokens = options.shard_tokens != 0 ? options.shard_tokens
                        : manifest                ? manifest->shard_tokens
                                                  : writer.shard_tokens;
  return writer;
}

// Where nobody said which token it is, and the one that is taken is found nowhere.
void refuse_missing_end_of_text(const ShardSource& source) {
  const std::string missing = source.missing_end_of_text();
  if (missing.empty()) return;
  throw UsageError(
      fmt::format("{}: {}; say which token it is with --end-of-text-id, or with --from-end-of-text where it "
                  "is",
                  source.shards().front().path, missing));
}

void write_manifest_of(const ShardWriterOptions& writer, Manifest manifest, const ConvertResult& result,
                       const std::vector<FileEntry>& split_files) {
  manifest.notes.push_back(fmt::format("converted from shards of format {}", manifest.shard_format));
  describe_shards(writer, manifest);
  manifest.shards = result.shards;
  manifest.split_files = split_files;
  manifest.inputs.clear();
  manifest.parts_in_shards = 0;
  write_file(writer.folder + "/" + kManifestName, write_manifest(manifest));
}

}  // namespace

ConvertResult convert_shards(const ConvertOptions& options) {
  const ShardSource source(options.inputs, options.from);
  if (!source.manifest() && !options.from.end_of_text_id) refuse_missing_end_of_text(source);
  NewFolder folder(options.output);
  ShardWriterOptions writer = writer_options(options, source);
  writer.folder = folder.path();
  ConvertResult result;
  std::vector<FileEntry> joined;
  {
    ShardWriter shards(writer);
    shards.join();
    for (const Split split : kSplits) {
      const auto ahead = std::make_shared<ShardSource::Cursor>(source, split, ShardSource::Checksums::kUnread);
      shards.expect(split, [ahead]() -> std::optional<uint64_t> {
        if (!ahead->next()) return std::nullopt;
        return ahead->tokens();
      });
      shards.expect_tokens(split, source.tokens(split));
      ShardSource::Cursor documents(source, split, ShardSource::Checksums::kCompared);
      try {
        while (documents.next()) {
          const SourceDocument document = documents.read();
          shards.add(split, document.id, document.tokens, document.loss);
        }
      } catch (const Error&) {
        documents.finish_comparing();  // what does not fit may be damage
        throw;
      }
      const ShardSource::Counts& counts = documents.counts();
      result.documents += counts.documents;
      result.tokens += counts.tokens;
      result.bytes += counts.bytes;
    }
    shards.checkpoint();
    result.shards = shards.shards();
    joined = shards.joined();
  }
  const std::vector<FileEntry> split_files = write_split_files(writer, result.shards, joined);
  if (source.manifest()) write_manifest_of(writer, *source.manifest(), result, split_files);
  folder.commit();
  return result;
}

}  // namespace ftok
