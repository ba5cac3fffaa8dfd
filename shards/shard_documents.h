// The documents of shards, whole and in order, whatever their format: what converting and mixing read.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "shards/manifest.h"
#include "shards/reader.h"

namespace ftok {

inline constexpr uint32_t kAssumedEndOfText = 50256;  // GPT-2's <|endoftext|>

// What shards without a manifest do not say.
struct ShardSourceHints {
  ShardHints shards;
  std::optional<uint32_t> end_of_text_id = {};  // default: of the vocabulary that they name, else kAssumedEndOfText
  std::optional<EndOfText> end_of_text = {};    // where it is; default: where the format has it
  std::optional<Split> split = {};              // default: by the file's name
  // The end-of-text token of a vocabulary of this name, where that is known.
  std::function<std::optional<uint32_t>(const std::string& vocabulary)> end_of_text_of = {};
};

// A document without its end-of-text token. Views live until the next one.
struct SourceDocument {
  std::string_view id;
  std::span<const uint32_t> tokens;
  std::span<const uint8_t> loss;  // where the shards have masks
};

// Const after construction.
class ShardSource {
 private:
  struct OpenShard;
  class OpenShards;
  class Walk;

 public:
  // `inputs`: folders of shards, or shards in their order. Throws UsageError when there are none, when nothing says
  // which split one is of, or when they are not of one vocabulary and layout; Error when one cannot be read.
  ShardSource(const std::vector<std::string>& inputs, const ShardSourceHints& hints);

  struct Shard {
    std::string path;
    Split split = Split::kTrain;
    uint64_t tokens = 0;                 // end-of-text included, as the manifest says; 0 without one
    std::vector<FileEntry> listed = {};  // by path: its files with their checksums, as the manifest has them
  };
  const std::vector<Shard>& shards() const { return shards_; }
  const std::optional<Manifest>& manifest() const { return manifest_; }  // that they share, if any
  EndOfText placement() const { return placement_; }
  uint32_t end_of_text() const { return end_of_text_; }
  // Empty where a document begins, or ends, with the end-of-text token, as they should, or none is to have one; else in
  // words that the first ones do not, and what they have in its place.
  std::string missing_end_of_text() const;
  uint64_t tokens(Split split) const;  // by the manifest: those of its shards, where all are listed; else 0
  size_t token_bytes() const { return token_bytes_; }
  bool has_masks() const { return has_masks_; }

  struct Counts {
    uint64_t documents = 0, tokens = 0, bytes = 0;  // read; tokens with end-of-text
  };
  // Whether a shard's files are held against the checksums that manifest and sidecar have, as its documents are read:
  // Error names one that differs. Where there are no checksums there is nothing to compare.
  enum class Checksums { kCompared, kUnread };

  // Calls visit(document) for those of a split; a document that two shards divide is joined. Compares checksums.
  Counts for_each(Split split, const std::function<void(const SourceDocument&)>& visit) const;

  // Where a document begins: its shard among shards(), and its row there.
  struct Place {
    uint32_t shard = 0, row = 0;
  };

  // The same documents, one at a call: where they lie, and their tokens where these are asked for. Serial.
  class Cursor {
   public:
    Cursor(const ShardSource& source, Split split, Checksums checksums);
    ~Cursor();
    Cursor(const Cursor&) = delete;
    Cursor& operator=(const Cursor&) = delete;

    bool next();                    // to the next document; false at the end
    const std::string& id() const;  // of the document
    Place place() const;
    uint64_t tokens() const;  // that it has, without end-of-text
    SourceDocument read();
    void finish_comparing();       // the checksums of the shard at hand, which the end of its documents does by itself
    const Counts& counts() const;  // so far

   private:
    std::unique_ptr<Walk> walk_;
  };

  // Documents in any order, by the places that a Cursor gave. All shards are mapped while one lives, and read ahead; a
  // copy shares the mappings. Serial.
  class Picker {
   public:
    explicit Picker(const ShardSource& source);
    Picker(const Picker& other);
    ~Picker();
    Picker& operator=(const Picker&) = delete;

    SourceDocument read(const Place& place);

    size_t shards() const;
    void compare_checksums(size_t shard) const;  // of one of them; thread-safe

   private:
    const ShardSource& source_;
    std::shared_ptr<const OpenShards> shards_;
    std::unique_ptr<Walk> walk_;
  };
  uint64_t mapped_bytes() const;  // of the files that a Picker maps

 private:
  class Lister;

  std::shared_ptr<const OpenShard> open(const std::string& path) const;
  uint32_t end_of_text_of(const ShardReader& shard) const;
  // `checksum` is that of the shard's bytes.
  static void compare_checksums(const Shard& shard, const OpenShard& opened, const std::string& checksum);

  std::vector<Shard> shards_;
  std::optional<Manifest> manifest_;
  ShardSourceHints hints_;
  EndOfText placement_ = EndOfText::kBefore;
  uint32_t end_of_text_ = 0;
  bool has_windows_ = false;  // ShardView::has_windows
  size_t token_bytes_ = 0;    // of the first shard
  bool has_masks_ = false;
};

}  // namespace ftok
