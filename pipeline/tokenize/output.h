// TokenizeOutput: the output folder of `ftok tokenize`: shards, a receipt for each input, the journal that says how far
// they reach, and in the end the manifest.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "document/stats.h"
#include "pipeline/output_folder.h"
#include "pipeline/tokenize.h"
#include "pipeline/tokenize/position.h"
#include "shards/manifest.h"
#include "shards/part.h"
#include "shards/writer.h"

namespace ftok {

// Serial.
class TokenizeOutput {
 public:
  // Makes or opens the folder and takes up what it holds. Throws UsageError when it belongs to another recipe, or to
  // other inputs than the first of `options.inputs`.
  explicit TokenizeOutput(const TokenizeOptions& options);

  const OutputFolder& folder() const { return folder_; }
  ShardWriter& shards() { return *shards_; }
  const std::string& position() const { return position_; }  // of the last checkpoint; empty: at an input's end
  size_t inputs_done() const { return manifest_.inputs.size(); }

  // Of a conversation the tokens out of the loss have EncodedBlock::kOutOfLoss.
  void add_document(Split split, std::string_view id, std::span<const uint32_t> tokens);

  // Writes the receipt of input inputs_done().
  void add_receipt(const StreamPosition& position);

  // Publishes the shards, and records them and `position` (a JSON object, or empty) in the journal.
  void checkpoint(const std::string& position);

  // True once since the last call when a shard has been completed: time for a checkpoint.
  bool shard_completed();

  // Ends without a manifest, since nothing was read: another recipe, or other inputs, may take the folder.
  void abandon();
  void finish();  // the last checkpoint and the manifest; work/ and the journal go
  // After finish(): true when the only document of all has been given to training.
  bool only_document_trains() const { return only_document_trains_; }

  const std::string& shard_format() const { return manifest_.shard_format; }
  const std::vector<ShardEntry>& shard_entries() const { return manifest_.shards; }  // after finish()
  const Tally& tally() const { return tally_; }                                      // of the inputs done
  std::vector<std::string> shard_names() const;

 private:
  TokenizeOutput(const TokenizeOptions& options, const ShardWriterOptions& writer_options);
  RunState take_up(const std::vector<std::string>& inputs);

  OutputFolder folder_;
  Manifest manifest_;  // in the making: without its shards and totals until finish()
  std::string position_;
  std::optional<Journal> journal_;
  std::unique_ptr<ShardWriter> shards_;
  uint64_t shards_completed_ = 0;
  bool loss_masks_ = false;
  bool only_document_trains_ = false;
  std::vector<uint32_t> ids_;  // scratch
  std::vector<uint8_t> loss_;  // scratch
  Tally tally_;
};

}  // namespace ftok
