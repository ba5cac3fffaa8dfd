// DocumentStream: all inputs, one after the other, as encoded documents in order: read serially, encoded in parallel,
// handed on serially.
#pragma once

#include <atomic>
#include <string>
#include <vector>

#include "core/log.h"
#include "pipeline/progress.h"
#include "pipeline/tokenize.h"
#include "pipeline/tokenize/encode_block.h"
#include "pipeline/tokenize/position.h"

namespace ftok {

// Takes the documents. Serial, in order.
class DocumentSink {
 public:
  virtual ~DocumentSink() = default;
  // A block's documents. The sink counts them by split into position.documents and position.tokens; the rest of
  // `position` is as before the block.
  virtual void add(const EncodedBlock& block, StreamPosition& position) = 0;
  // `position` now covers the block: a moment to write a checkpoint.
  virtual void settled(const StreamPosition& position) = 0;
  // `position` covers the whole input; the next one begins.
  virtual void end_input(const StreamPosition& position) = 0;
};

struct StreamTimes {
  std::atomic<uint64_t> read_ns{0}, encode_ns{0}, write_ns{0};  // CPU
};

// Reads the inputs from `position` on and moves it along. Throws Stopped when a stop was asked for (position and sink
// are then consistent), Error when an input fails or has changed since `position` was written. Runs in the current TBB
// arena.
void stream_documents(const TokenizeOptions& options, size_t live_max, StreamPosition& position, DocumentSink& sink,
                      Progress& progress, StreamTimes& times, const Log& log);

}  // namespace ftok
