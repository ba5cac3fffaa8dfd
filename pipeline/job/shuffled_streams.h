// Shuffles in a job (shards.shuffle): each commit task puts the documents that it kept in the order of their keys,
// apart by range of keys, and each cut task merges the ranges that its shards lie in.
#pragma once

#include <memory>
#include <vector>

#include "pipeline/job/streams.h"
#include "shards/sliced_file.h"

namespace ftok {

// Writes work/TTTTTT.shuffled from the task's tokens file, which is there; `parts`: how many bytes of it each input
// takes. Memory: 24 bytes a document.
SlicedFileEntry write_shuffled(const TaskContext& context, const std::vector<uint64_t>& parts);

// The streams in the order of the shuffle. Memory: what merging takes, a row of each commit task.
class ShuffledStreams : public Streams {
 public:
  ShuffledStreams(const TaskContext& context, const Extracted& extracted);

 private:
  void for_each_document(size_t range, Split wanted, uint64_t begin, uint64_t end, uint64_t& at,
                         const Visit& visit) override;

  void need_slice(size_t slice) const;

  std::vector<SlicedFileEntry> entries_;            // by commit task
  std::vector<std::unique_ptr<SlicedFile>> files_;  // the same
  size_t ranges_;
};

}  // namespace ftok
