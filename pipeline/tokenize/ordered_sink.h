// Documents into shards in the order of the inputs.
#pragma once

#include "pipeline/tokenize/document_stream.h"
#include "pipeline/tokenize/output.h"

namespace ftok {

class OrderedSink : public DocumentSink {
 public:
  OrderedSink(TokenizeOutput& output, int64_t validation_per_mille)
      : output_(output), validation_per_mille_(validation_per_mille) {}

  void add(const EncodedBlock& block, StreamPosition& position) override;
  void settled(const StreamPosition& position) override {
    if (output_.shard_completed()) checkpoint(position);
  }
  void end_input(const StreamPosition& position) override { output_.add_receipt(position); }

  void checkpoint(const StreamPosition& position) {
    output_.checkpoint(position.at_start_of_input() ? "" : write_position(position), position.report.tally);
  }

 private:
  TokenizeOutput& output_;
  int64_t validation_per_mille_;
};

}  // namespace ftok
