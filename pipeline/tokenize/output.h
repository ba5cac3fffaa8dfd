// TokenizeOutput: the output folder of `ftok tokenize`: shards, a receipt for each input, and the manifest that says
// how far they reach.
#pragma once

#include <memory>
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
  bool has_manifest() const { return has_manifest_; }
  const std::string& position() const { return manifest_.position; }  // of the manifest; empty: at an input's end
  size_t inputs_done() const { return manifest_.inputs.size(); }

  // Of a conversation the tokens out of the loss have EncodedBlock::kOutOfLoss.
  void add_document(Split split, std::string_view id, std::span<const uint32_t> tokens);

  // Writes the receipt of input inputs_done().
  void add_receipt(const StreamPosition& position);

  // Publishes the shards and the manifest. `position`: a JSON object, or empty; `open` is the tally of an input not
  // done.
  void checkpoint(const std::string& position, const Tally& open);

  // True once since the last call when a shard has been completed: time for a checkpoint.
  bool shard_completed();

  void finish();  // the last checkpoint; work/ goes
  // After finish(): true when the only document of all has been given to training.
  bool only_document_trains() const { return only_document_trains_; }

  const std::string& shard_format() const { return manifest_.shard_format; }
  const Tally& tally() const { return tally_; }  // of the inputs done
  std::vector<std::string> shard_names() const;

 private:
  TokenizeOutput(const TokenizeOptions& options, const ShardWriterOptions& writer_options);
  void take_up(const std::vector<std::string>& inputs);
  void move_only_document(Split to);
  void remove_receipts_from(size_t number) const;

  OutputFolder folder_;
  Manifest manifest_;
  bool has_manifest_ = false;
  std::unique_ptr<ShardWriter> shards_;
  uint64_t shards_completed_ = 0;
  bool loss_masks_ = false;
  bool only_document_trains_ = false;
  std::vector<uint32_t> ids_;  // scratch
  std::vector<uint8_t> loss_;  // scratch
  Tally tally_;
};

}  // namespace ftok
