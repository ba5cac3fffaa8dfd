// Candidate files: what one input became before deduplication, on disk, in record order. The first half of a run (read,
// extract, filter) writes one for each input, in any order of completion; the second half (deduplicate, scrub, encode)
// reads them in the order the inputs were listed. They wait on disk, not in memory, and survive a restart.
//
// Layout: magic "FTOKCND6"; entries (u8 kind, u32 length, payload); u8 0, u32 length, the input's report as JSON; the
// input's state (u64 bytes, i64 modified_ns, u8 is_known); u64 XXH3 of all bytes before it. Little-endian. A file
// exists only when whole (AtomicFile).
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/file.h"
#include "document/document.h"
#include "pipeline/input_report.h"

namespace ftok {

// One entry: a document that passed the stages, or the reject record (a JSON line) of one that did not.
struct Candidate {
  bool is_document = false;
  Document document;
  std::string reject;
};

// Writes one candidate file. Serial.
class CandidateWriter {
 public:
  explicit CandidateWriter(const std::string& path);
  ~CandidateWriter();

  void document(const Document& document);
  void reject(std::string_view json_line);
  void finish(const InputReport& report);  // makes the file visible

 private:
  void entry(char kind, std::string_view payload);

  struct Hash;
  AtomicFile file_;
  std::unique_ptr<Hash> hash_;
  std::string payload_;
};

// Reads one candidate file, front to back. Opening verifies the checksum and throws Error naming the file when it is
// damaged. Serial.
class CandidateReader {
 public:
  explicit CandidateReader(const std::string& path);

  const InputReport& report() const { return report_; }
  bool next(Candidate& candidate);

 private:
  [[noreturn]] void damaged(const char* what) const;
  InputState read_state(std::string_view bytes) const;

  MappedFile file_;
  size_t position_ = 0;
  size_t end_ = 0;  // of the entries
  InputReport report_;
};

}  // namespace ftok
