// Documents into shards in the order of the inputs.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "pipeline/input_names.h"
#include "pipeline/tokenize/document_stream.h"
#include "pipeline/tokenize/output.h"

namespace ftok {

class OrderedSink : public DocumentSink {
 public:
  // `inputs` outlives the sink.
  OrderedSink(TokenizeOutput& output, const std::vector<std::string>& inputs, int64_t validation_per_mille)
      : output_(output), validation_per_mille_(validation_per_mille), inputs_(inputs) {}

  void add(const EncodedBlock& block, StreamPosition& position) override;
  void settled(const StreamPosition& position) override {
    if (output_.shard_completed()) checkpoint(position);
  }
  void end_input(const StreamPosition& position) override { output_.add_receipt(position); }

  void checkpoint(const StreamPosition& position) {
    output_.checkpoint(position.at_start_of_input() ? "" : write_position(position));
  }

 private:
  TokenizeOutput& output_;
  int64_t validation_per_mille_;
  const std::vector<std::string>& inputs_;
  std::optional<SplitKeys> split_keys_;  // of input split_input_
  uint64_t split_input_ = 0;
};

}  // namespace ftok
