// The list of a run's inputs: files, https:// and s3:// addresses, globs of both, and lists of them, in a fixed order.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/byte_source.h"
#include "core/log.h"
#include "crawl/fetch.h"
#include "pipeline/input_report.h"

namespace ftok {

// Every `count`-th of a list from the `index`-th, from 0.
struct Share {
  uint64_t index = 0, count = 1;
};

// "I/N"; throws UsageError naming `flag` when it is something else or I is not below N.
Share parse_share(std::string_view text, std::string_view flag);

struct InputListOptions {
  std::vector<std::string> inputs;  // --input: path, address or glob, in this order; a glob's matches by name
  std::vector<std::string>
      input_lists;  // --input-list: a file of inputs, one per line (plain, .gz, .zst), "-" = standard input
  std::string base_url = "https://data.commoncrawl.org/";  // before list lines that are crawl paths (crawl-data/...)
  uint64_t limit = 0;                                      // the first N inputs, 0 = all
  std::string slice;  // "I/N": every N-th input from the I-th (from 0); empty = all
};

// Expands the options. Throws UsageError for a glob without a match, a bad slice and an empty list; Error for a local
// file that is not there or cannot be read.
std::vector<std::string> list_inputs(const InputListOptions& options);

// The lines of a list (plain, .gz, .zst; "-": standard input), without white space around them, empty ones and those
// that begin with #. `what` it is, for errors: "the input list". Throws Error when it cannot be read.
std::vector<std::string> read_lines(const std::string& path, const std::string& what);

bool is_address(const std::string& input);  // http://, https:// or s3://

// What an input is at this moment.
InputState state_of(const std::string& input);

// Whether candidates made of `report` are those of `input`: it has the name, the size and the time of last change of
// what was read, or else the bytes (which are read to tell). What can be read only once is never the same again; an
// address always is, by its name.
bool is_what_was_read(const InputReport& report, const std::string& input);

// Opens a file or an address, which is fetched as `fetch` says. Throws Error naming it.
std::unique_ptr<ByteSource> open_input(const std::string& input, const Log& log,
                                       const FetchOptions& fetch = fetch_options_of_environment());

}  // namespace ftok
