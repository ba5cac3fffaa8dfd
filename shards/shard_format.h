// ShardFormat: the layout of token shards that one trainer expects, and the list of those that ftok writes and reads.
//
// ShardWriter (writer.h) decides what a shard holds: exact token counts, documents, checkpoints. A format decides its
// bytes: what precedes the tokens, which files are beside them, where its readers expect the end-of-text
// token. Each format is one file in formats/ and one line in shard_formats(); recipes, flags, help, completion and the
// documentation read that list. docs/formats.md describes the layouts.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/result.h"
#include "shards/checksum.h"
#include "shards/format.h"
#include "shards/split.h"

namespace ftok {

struct ShardEntry;  // shards/writer.h

// Where the end-of-text token goes: llm.c's loader wants it before each document, most others want it after.
enum class EndOfText : uint8_t { kBefore, kAfter, kNone };

std::string_view end_of_text_name(EndOfText placement);                     // "before", "after", "none"
EndOfText parse_end_of_text(std::string_view name, std::string_view flag);  // throws UsageError naming `flag`

// What a shard will hold, where that is known before its tokens come.
struct ShardPlan {
  uint64_t tokens = 0;
  std::vector<uint64_t> begins;  // of each document's first token
};

struct ShardFileOptions {
  std::string path;
  size_t token_bytes = 2;            // 2 or 4
  uint64_t shard_tokens = 0;         // that a full shard holds
  std::string vocabulary_name = {};  // for formats that name it
  // Null where nothing is known, and for a format that does not want it.
  std::shared_ptr<const ShardPlan> plan = nullptr;
  uint64_t tokens = 0;                // that this one will probably hold; 0: as many as a full one
  ChecksummedFile* joined = nullptr;  // the tokens' bytes go there too, of a format that has a joined_file()
};

// One shard being written. Serial. Destroyed without seal() it leaves nothing behind.
class ShardFile {
 public:
  virtual ~ShardFile() = default;

  virtual void append(std::span<const uint32_t> tokens) = 0;  // ids that fit in token_bytes

  // Publishes the shard and the files beside it and returns them, the shard first. `documents` has a row for each
  // document in the shard.
  virtual std::vector<FileEntry> seal(const std::vector<ShardDocument>& documents) = 0;
};

// What a format is told from.
struct ShardBytes {
  std::string path;
  std::string_view bytes;                // of the whole file
  const SidecarView* sidecar = nullptr;  // ftok's, where there is one
  size_t token_bytes = 0;                // as the user or the manifest says; 0: not known
};

// Where the tokens lie in a shard's bytes.
struct ShardLayout {
  size_t token_bytes = 0;  // 2 or 4
  uint64_t tokens = 0;
  size_t begin = 0;                          // offset of the first token
  std::vector<uint64_t> offsets = {};        // of each document's first, where they are not in a row
  std::vector<uint64_t> document_ends = {};  // in tokens, where the format itself keeps them
  uint64_t sample_tokens = 0;                // of each of these documents, where the file says that all have as many
  std::vector<std::pair<const char*, int64_t>> notes = {};  // what else the file says of itself ("magic")
};

class ShardFormat {
 public:
  virtual ~ShardFormat() = default;

  virtual std::string_view name() const = 0;       // "llmc"
  virtual std::string_view help() const = 0;       // a few words: who reads it
  virtual std::string_view extension() const = 0;  // of the shard's name: ".bin"
  virtual EndOfText end_of_text() const = 0;       // where its readers want the end-of-text token
  virtual uint64_t tokens_max() const = 0;         // that a shard can hold
  // Ids are below it, whatever the width.
  virtual uint64_t vocabulary_max() const { return uint64_t{1} << 32; }
  // The width of tokens that nobody chose: the narrower one of 2 and 4 that holds the vocabulary, unless the format's
  // readers want another.
  virtual size_t token_bytes(uint64_t vocabulary_size) const { return token_bytes_for(vocabulary_size); }

  // What takes the place of the extension in the names of the files beside the shard: ".idx".
  virtual std::vector<std::string_view> companions() const { return {}; }

  // Whether the shards of a split lie in a folder of their own, "train" or "val", as readers want them that take a
  // folder and look for one index in it.
  virtual bool has_split_folders() const { return false; }

  // Files about all shards of a split, by their names in the output folder; writing them when all shards are there.
  // `shards` are those of the split, at least one, in order; `joined` is the joined_file() where it is written already.
  // Throws Error naming the file that cannot be written.
  virtual std::vector<std::string> split_files(Split) const { return {}; }
  virtual std::vector<FileEntry> write_split_files(const std::string& /*folder*/, Split, std::span<const ShardEntry>,
                                                   size_t /*token_bytes*/, const FileEntry* /*joined*/) const {
    return {};
  }
  // That of them which is nothing but the tokens of all shards in a row; empty where none is.
  virtual std::string joined_file(Split) const { return {}; }

  // Whether it is of use to create() to know what the shard will hold: where a table of the documents stands first.
  virtual bool wants_plan() const { return false; }

  virtual std::unique_ptr<ShardFile> create(const ShardFileOptions& options) const = 0;

  // Appends the first `tokens` tokens of the shard at `path`, which was written with `options`, to `into`, and returns
  // the checksum that a shard sealed with just these and `documents` has. Throws Error when the file is too short. The
  // file may have been replaced by a longer one since, so companions and sidecar say nothing about it.
  virtual std::string reopen(const std::string& path, const ShardFileOptions& options, uint64_t tokens,
                             const std::vector<ShardDocument>& documents, ShardFile& into) const = 0;

  // True when the file is one of this format as far as can be told; formats are asked in the order of the list.
  virtual bool recognizes(const ShardBytes& shard) const = 0;
  virtual Result<ShardLayout> read(const ShardBytes& shard) const = 0;
  // The vocabulary that a file beside the shard names; empty where none does.
  virtual std::string vocabulary_named(const std::string& /*path*/) const { return {}; }
};

// All formats; the first is the default.
std::span<const ShardFormat* const> shard_formats();
const ShardFormat& default_shard_format();
std::vector<std::string> shard_format_names();
// "llmc (llm.c and modded-nanogpt), raw (...)": for help.
std::string shard_format_help();

// Throws UsageError naming `flag` and the nearest name.
const ShardFormat& find_shard_format(std::string_view name, std::string_view flag);

// The width of a token: `wanted` is "auto" (ShardFormat::token_bytes), "2" or "4". Throws UsageError naming `flag` when
// ids below `vocabulary_size` do not fit, or the format does not hold them.
size_t parse_token_bytes(const ShardFormat& format, std::string_view wanted, uint64_t vocabulary_size,
                         std::string_view flag);

// The name of a file beside a shard: `path` with its extension (".bin", ".ds") replaced by `ending`.
std::string beside_shard(std::string_view path, std::string_view ending);

// True when a file's name has the extension of a shard format.
bool is_shard_name(std::string_view name);

}  // namespace ftok
