// What a run or a job writes of what is done, from any bytes: journals, candidate files with the reports in them, job
// manifests, receipts of tasks, lists of packed parts: an Error or damage, or what parses comes back the same when it
// is written. Links ftok::pipeline.
//
// The first byte chooses the parser; the rest is the file. Checksums would stop nearly every mutant at the door, so
// each file gets right ones first.
#include <xxhash.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include <unistd.h>

#include "core/error.h"
#include "pipeline/journal.h"
#include "pipeline/run/candidates.h"
#include "shards/checksum.h"
#include "shards/job_manifest.h"
#include "shards/packed_part.h"
#include "shards/sealed_json.h"

namespace {

namespace fs = std::filesystem;

// A file of this process, in memory where the system has such a place.
const std::string& file() {
  static const struct Place {
    std::string path = ((fs::is_directory("/dev/shm") ? fs::path("/dev/shm") : fs::temp_directory_path()) /
                        ("ftok-fuzz-" + std::to_string(::getpid())))
                           .string();
    ~Place() {
      std::error_code ignored;
      fs::remove(path, ignored);
    }
  } place;
  return place.path;
}

void put(std::string_view bytes) {
  std::ofstream(file(), std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

// Each line is a record of a journal without its checksum.
void read_records(std::string_view lines) {
  std::string journal;
  while (!lines.empty()) {
    const size_t end = std::min(lines.find('\n'), lines.size());
    journal.append(ftok::checksum_of(lines.substr(0, end))).append(" ").append(lines.substr(0, end)).append("\n");
    lines.remove_prefix(std::min(end + 1, lines.size()));
  }
  put(journal);
  const ftok::RunState state = ftok::read_journal(file(), "binding");
  { const ftok::Journal again(file(), "binding", state); }
  if (!(ftok::read_journal(file(), "binding") == state)) std::abort();
}

void read_candidates(std::string_view bytes) {
  const uint64_t checksum = XXH3_64bits(bytes.data(), bytes.size());
  put(std::string(bytes) + std::string(reinterpret_cast<const char*>(&checksum), sizeof checksum));
  ftok::CandidateReader reader(file());
  const std::string report = ftok::write_input_report(reader.report());
  const auto again = ftok::parse_input_report(report);
  if (!again || ftok::write_input_report(*again) != report) std::abort();
  ftok::Candidate candidate;
  size_t held = 0;
  while (reader.next(candidate))
    held += candidate.is_document ? candidate.document.text.size() : candidate.reject.size();
  if (held > bytes.size()) std::abort();
}

void read_job(std::string_view bytes) {
  const std::string sealed = ftok::seal_json(std::string(bytes) + "\n}");
  if (const auto manifest = ftok::parse_job_manifest(sealed)) {
    if (!(*ftok::parse_job_manifest(ftok::write_job_manifest(*manifest)) == *manifest)) std::abort();
  }
}

void read_task(std::string_view bytes) {
  const std::string sealed = ftok::seal_json(std::string(bytes) + "\n}");
  if (const auto receipt = ftok::parse_task_receipt(sealed)) {
    const std::string written = ftok::write_task_receipt(*receipt);
    if (ftok::write_task_receipt(*ftok::parse_task_receipt(written)) != written) std::abort();
  }
}

void read_packed(std::string_view line) {
  if (const auto part = ftok::parse_packed_part(line)) {
    const std::string written = ftok::write_packed_part(*part);
    const auto again = ftok::parse_packed_part(std::string_view(written).substr(0, written.size() - 1));
    if (!again || ftok::write_packed_part(*again) != written) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  try {
    switch (data[0] % 5) {
      case 0: read_records(bytes); break;
      case 1: read_candidates(bytes); break;
      case 2: read_job(bytes); break;
      case 3: read_task(bytes); break;
      default: read_packed(bytes); break;
    }
  } catch (const ftok::Error&) {
  }
  return 0;
}
