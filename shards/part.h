// A part: what one input became. Four files in parts/, named by the input's number in the list:
//
//   NNNNNN.text.jsonl.zst     kept documents: {text,id,dump,url,date,file_path,language,language_score,token_count} a
//                             line, with NAME_score for each classifier NAME that ran
//                             (a run that ends early: with all fields, document_fields.h, and without token_count)
//   NNNNNN.rejects.jsonl.zst  dropped documents, one JSON line each, as the caller made them
//                             (both as .parquet, a row each, and texts with dolma's members: TextOptions)
//   NNNNNN.tokens             kept documents' ids, splits and tokens: what shards are cut from, deleted once they are
//   NNNNNN.keys               of every document that deduplication judged, kept or not: id and bucket keys, in order
//   NNNNNN.receipt            JSON, written last: the part exists when its receipt does
//
// The first two are optional. Files appear whole or not at all; all carry or have checksums; the same documents give
// the same bytes (with the same libzstd). docs/formats.md has the layouts.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/file.h"
#include "core/json.h"
#include "core/result.h"
#include "document/document.h"
#include "document/named_fields.h"
#include "shards/checksum.h"
#include "shards/packed_part.h"
#include "shards/record_file.h"
#include "shards/shuffle_key.h"
#include "shards/split.h"

namespace ftok {

// The paths of part `number` in `folder` (OUTPUT/parts). A file whose path is empty is not written.
struct PartPaths {
  std::string text, rejects, tokens, keys, receipt;
};
PartPaths part_paths(const std::string& folder, uint64_t number, TextFormat format = TextFormat::kJsonl);

// What the text and rejects files are made of.
struct TextOptions {
  TextFormat format = TextFormat::kJsonl;
  uint64_t row_group_bytes = kRowGroupBytes;  // of values, in Parquet
  std::string source;                         // dolma's; empty: the crawl, else the input
  NamedFields fields = {};                    // those that documents may have: columns in Parquet
  bool clusters = false;                      // documents and rejects have a cluster: columns in Parquet
};

// Where clusters were asked for: the documents that repeat each other and one of them, directly or through others.
struct DocumentCluster {
  std::string id;     // of the one that comes before all others
  uint64_t size = 0;  // 0: nobody asked
};
inline constexpr char kClusterId[] = "cluster_id", kClusterSize[] = "cluster_size";
void write_cluster(JsonWriter& json, const DocumentCluster& cluster);  // two fields, or none

// What a part's receipt says.
struct PartReceipt {
  uint64_t number = 0;
  std::string binding;  // digest of the recipe the part was made with, as the caller defines it
  std::string report;   // a JSON object: what became of the input (name, digest, counters, damage), the caller's
  uint64_t judged = 0;  // documents deduplication judged: rows of the keys file
  uint64_t documents[2] = {0, 0};  // kept, by Split
  uint64_t tokens[2] = {0, 0};     // of the kept, by Split, end-of-text not counted
  std::vector<FileEntry> files;    // the part's other files, named relative to the output folder ("parts/000000.keys")

  uint64_t kept() const { return documents[0] + documents[1]; }
  bool operator==(const PartReceipt&) const = default;
};

std::string write_part_receipt(const PartReceipt& receipt);
Result<PartReceipt> parse_part_receipt(std::string_view file);  // damage: "unsealed", "bad_checksum", "bad_receipt"
// Throws Error naming the path when it is damaged.
PartReceipt read_part_receipt(const std::string& path);

struct PartOptions {
  std::string folder;      // OUTPUT/parts, exists
  bool text = true;        // write the text file
  bool rejects = false;    // write the rejects file
  size_t token_bytes = 4;  // 2 or 4: token_bytes_for(vocabulary size)
  size_t keys_per_document = 0;
  bool shuffles = false;  // tokens with shuffle keys
  TextOptions texts = {};
  std::string stopped_after = {};  // not empty: texts get all fields (document_fields.h), and there are no tokens
};

// Writes a part into files of its own, or several parts, one after the other, into one file of each kind. Serial.
// Destroyed without commit() it leaves nothing behind.
class PartWriter {
 public:
  // Part `number`, to end with commit().
  PartWriter(const PartOptions& options, uint64_t number);
  // Parts into the files of these paths, each from begin_part() to end_part(); then commit_files().
  PartWriter(const PartOptions& options, const PartPaths& paths);
  ~PartWriter();
  PartWriter(const PartWriter&) = delete;
  PartWriter& operator=(const PartWriter&) = delete;

  // A document as deduplication judged it, in that order; `keys` holds keys_per_document keys.
  void add_judged(std::string_view id, std::span<const uint64_t> keys);
  // A kept document: its text and fields, its `tokens`. `key`: where `shuffles`.
  void add_kept(const Document& document, Split split, const ShuffleKey& key = {}, const DocumentCluster& cluster = {});
  // A dropped document's record, without the line feed.
  void add_reject(std::string_view json_line);

  void begin_part();
  PackedPart end_part(uint64_t number, std::string report);

  // Renames the files into place; what a receipt says of them.
  std::vector<FileEntry> commit_files();
  // Ends the part, renames all its files into place, the receipt last, and returns it.
  PartReceipt commit(std::string binding, std::string report);

 private:
  struct Files;
  std::unique_ptr<Files> files_;
};

// A stretch of a file; the whole file where nothing else is said.
struct FileStretch {
  uint64_t begin = 0;
  uint64_t bytes = UINT64_MAX;
};

// A document in a tokens file.
struct TokensRow {
  std::string_view id;
  Split split = Split::kTrain;
  ShuffleKey key;           // where the file has any
  std::string_view tokens;  // as stored
  uint64_t count = 0;       // of tokens
  std::string_view bytes;   // the whole row

  void decode(std::vector<uint32_t>& out) const;
};

// Reads the row that `bytes` begin with; false when they do not hold one. `token_bytes`: 2 or 4.
bool read_tokens_row(std::string_view bytes, size_t token_bytes, bool has_key, TokensRow& row);

// The tokens of a part, document by document. Opening verifies the checksum and throws Error naming the file when it is
// damaged. Serial.
class PartTokens {
 public:
  explicit PartTokens(const std::string& path, FileStretch part = {});

  uint64_t size() const { return documents_; }
  bool has_shuffle_keys() const { return has_keys_; }
  size_t token_bytes() const { return token_bytes_; }
  size_t position() const { return position_; }  // of the next row, in the part
  // The next document; false after the last. What a row points to lives as long as this object.
  bool next(TokensRow& row);
  bool next(std::string_view& id, Split& split, std::vector<uint32_t>& tokens);

 private:
  MappedFile file_;
  std::string_view bytes_;  // of the part
  size_t position_ = 0;
  size_t end_ = 0;
  size_t token_bytes_ = 0;
  bool has_keys_ = false;
  uint64_t documents_ = 0;
};

// The judged documents of a part, by row. Const after construction, thread-safe.
class PartKeys {
 public:
  enum class Check { kChecksum, kSizesOnly };

  // Throws Error naming the file when it is damaged. With kSizesOnly (to look up one id in a part that was verified
  // before) the file is not read through; damage then shows as an Error, never as a read out of bounds.
  explicit PartKeys(const std::string& path, Check check = Check::kChecksum, FileStretch part = {});
  PartKeys(std::shared_ptr<const MappedFile> file, Check check, FileStretch part);

  uint64_t size() const { return rows_; }
  size_t keys_per_document() const { return keys_per_document_; }
  std::string_view checksum() const;  // the bytes that the part ends with

  // Calls visit(row, id, keys) for each row in order.
  template <typename Visit>
  void for_each(Visit&& visit) const {
    size_t position = kHeaderBytes;
    std::vector<uint64_t> keys(keys_per_document_);
    for (uint64_t row = 0; row < rows_; ++row) visit(row, row_at(position, keys), std::span<const uint64_t>(keys));
  }

  // The id of a row < size(), and its keys: reads at most kRowsPerBlock rows.
  std::string id(uint64_t row) const;
  std::string id_and_keys(uint64_t row, std::vector<uint64_t>& keys) const;

  static constexpr size_t kHeaderBytes = 16, kFooterBytes = 8 + kChecksumBytes;  // what size() and checksum() need
  static constexpr uint64_t kRowsPerBlock = 256;

 private:
  std::string_view row_at(size_t& position, std::vector<uint64_t>& keys) const;  // advances `position`
  [[noreturn]] void damaged(const std::string& what) const;

  std::shared_ptr<const MappedFile> file_;
  std::string_view bytes_;  // of the part
  size_t keys_per_document_ = 0;
  uint64_t rows_ = 0;
  size_t blocks_begin_ = 0;  // of the block offsets: one past the rows
};

}  // namespace ftok
