// RunScan: what only the documents themselves tell about a run (hosts, languages, lengths, the values at which rules
// dropped), read by a thread in the background while the page is already there; and in which parts an id, an address or
// a host may be found.
//
// A part is remembered by 32 bits of a hash for each id, address and host: what is looked for is then read in the few
// parts that have its bits. 4 to 12 bytes a document, up to kMarksMax of them; parts beyond that are read when
// something is looked for.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_map>
#include <vector>

#include "core/hash_seed.h"
#include "core/json.h"
#include "core/value_histogram.h"
#include "view/run_parts.h"
#include "view/run_rows.h"

namespace ftok {

// The host of an address, lower-case, without a port; "" where there is none.
std::string host_of_address(std::string_view address);

class RunScan {
 public:
  static constexpr size_t kMarksMax = size_t{1} << 28;
  static constexpr size_t kHostsMax = 1'000'000;  // of which documents are counted

  // `folder` outlives it. Reads what there is, and then, of a run in progress, what comes.
  explicit RunScan(const RunFolder& folder);
  ~RunScan();
  RunScan(const RunScan&) = delete;
  RunScan& operator=(const RunScan&) = delete;

  // {"done","parts","documents","hosts","languages","lengths","values"} of what was read so far.
  void write(JsonWriter& json) const;

  // Whether a row of the file of part `part` may have `text` as its id, address or host.
  bool may_hold(size_t part, bool is_kept, std::string_view text) const;

  // The rows of a reason ("": of all) in a file that was read through.
  std::optional<uint64_t> rows(size_t part, bool is_kept, const std::string& reason) const;

  // Waits until all parts there are now were read. For tests.
  void wait() const;

 private:
  struct Values {
    ValueHistogram histogram;
    double threshold = 0;
  };
  // What a file, or all of them, come to.
  struct Counts {
    uint64_t documents = 0;
    std::unordered_map<std::string, uint64_t, SeededHash, std::equal_to<>> hosts;
    std::map<std::string, uint64_t> languages;
    ValueHistogram lengths;  // tokens of kept documents
    std::map<std::string, Values> values;
  };
  struct File {
    std::vector<uint32_t> marks;  // sorted
    std::map<std::string, uint64_t> reasons;
    uint64_t rows = 0;
    bool has_marks = false;
  };

  void work(const std::stop_token& ended);
  bool read(const std::string& path, bool is_kept, File& file, const std::stop_token& ended);
  void read_row(simdjson::dom::element row, bool is_kept, File& file);

  const RunFolder& folder_;
  mutable std::mutex mutex_;
  Counts counts_;
  std::vector<File> files_;  // two a part: texts, rejects
  size_t marks_ = 0;
  bool is_done_ = false;  // nothing more comes
  std::atomic<bool> is_up_to_date_{false};
  std::string failure_;
  std::condition_variable_any pause_;
  std::jthread thread_;
};

}  // namespace ftok
