// The shuffle: all documents of all inputs in the order of their keys, in bounded memory.
//
// First pass: documents go to the buckets as they come. Second pass: bucket after bucket is sorted and goes to the
// shards. A key depends on the document's text and the seed alone, so neither the threads, the buckets nor how the
// documents are divided among inputs changes the order. Documents of one text stand in the order of their ids.
#pragma once

#include <memory>

#include "pipeline/tokenize/buckets.h"
#include "pipeline/tokenize/document_stream.h"
#include "pipeline/tokenize/output.h"

namespace ftok {

// Runs or resumes both passes. Runs in the current TBB arena.
void tokenize_shuffled(const TokenizeOptions& options, size_t threads, size_t live_max, TokenizeOutput& output,
                       Progress& progress, StreamTimes& times, const Log& log);

}  // namespace ftok
