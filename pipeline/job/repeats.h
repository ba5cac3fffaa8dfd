// What repeats what, between the passes decide, resolve and commit: as two words (a RepeatRecord), and with the earlier
// document's id and signature (an Answer).
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "dedup/passes.h"
#include "pipeline/job/task.h"
#include "shards/part.h"

namespace ftok {

struct RepeatRecord {
  uint64_t document = 0;  // its number times 4, and the Alike
  uint64_t first = 0;     // place_of(the earlier document, buckets shared)

  bool operator==(const RepeatRecord&) const = default;
};
RepeatRecord pack(const Repeat& repeat);
Repeat unpack(const RepeatRecord& record);

struct Answer {
  Repeat repeat;
  uint64_t check = 0;               // of the earlier document's content
  std::string id;                   // of it
  std::vector<uint64_t> signature;  // of it; empty unless similarity is asked for
};
void append_answer(std::string& out, const RepeatRecord& record, uint64_t check, uint64_t rank, std::string_view id,
                   std::span<const uint64_t> signature);
// Throws Error naming `name` when the slice is not a row of answers with signatures of so many words.
std::vector<Answer> read_answers(std::string_view slice, size_t signature_words, const std::string& name);

std::string answers_name(uint64_t task);

// A document that shares its cluster with others (dedup/clusters.h).
struct ClusterRecord {
  uint64_t document = 0;
  uint64_t first = 0;  // of the cluster
  uint64_t size = 0;
};
// Those of the task of `context`, in the order of their documents; none where clusters are not asked for.
std::vector<ClusterRecord> clusters_of_task(const TaskContext& context, const Extracted& extracted);

// What sliced files hold.
template <typename Record>
std::span<const Record> records_of(std::string_view slice) {
  return {reinterpret_cast<const Record*>(slice.data()), slice.size() / sizeof(Record)};
}

template <typename Record>
void write_records(SlicedFileWriter& file, std::span<const Record> records) {
  file.write({reinterpret_cast<const char*>(records.data()), records.size_bytes()});
}

uint64_t task_of(const Extracted& extracted, uint64_t document);

// How many slices a file of edges has: one for the documents of each task, and where clusters are asked for one more
// for the earlier documents, which may be what joins two others.
size_t edge_slices(const TaskContext& context, const Extracted& extracted);

// Throws Error naming the file unless it is about the part that `task` extracted: its keys, and as many documents.
void check_about(const SlicedFile& repeats, const Extracted& extracted, uint64_t task, const std::string& name);

// The ids and signatures of the documents that the task of `context` extracted, and of its share of the earlier ones.
// Opening verifies the checksums.
class KeyLookup {
 public:
  KeyLookup(const TaskContext& context, const Extracted& extracted);

  struct Row {
    std::string id;
    uint64_t check = 0, rank = 0;
    std::span<const uint64_t> signature;  // lives until the next call
  };
  Row row(uint64_t document) const;

 private:
  void add(std::unique_ptr<PartKeys> part, uint64_t begin);

  std::vector<std::unique_ptr<PartKeys>> parts_;
  std::vector<uint64_t> begins_;  // the number of the first document of each, ascending
  KeyLayout layout_;
  uint64_t earlier_;  // documents
  mutable std::vector<uint64_t> keys_;
};

}  // namespace ftok
