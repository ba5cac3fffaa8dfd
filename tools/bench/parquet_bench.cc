// ftok_parquet_bench FILE [--repeat N]: how fast one thread reads the texts of a Parquet file. A line for each way: CPU
// seconds (the median of N runs), MB/s of text, rows, bytes of text. tools/bench/parquet runs it beside pyarrow.
#include <fmt/format.h>

#include <cstdlib>
#include <cstring>
#include <string>

#include "core/byte_source.h"
#include "core/error.h"
#include "core/run_on_threads.h"
#include "crawl/input_format.h"
#include "crawl/source.h"
#include "crawl/sources/text_source.h"
#include "tools/bench/cpu_time.h"

namespace {

struct Totals {
  uint64_t rows = 0, bytes = 0;
};

// Documents, as stages get them.
Totals read_documents(const std::string& file) {
  Totals totals;
  const auto source = ftok::make_source(ftok::open_file_source(file), {});
  for (ftok::Item item; source->next(item); item = {}) {
    ++totals.rows;
    totals.bytes += item.document.text.size();
  }
  return totals;
}

// The same by way of the lines.
Totals read_documents_of_lines(const std::string& file) {
  Totals totals;
  ftok::OpenedBytes opened = ftok::open_input_bytes(ftok::open_file_source(file), {});
  const auto source = ftok::make_jsonl_source(std::move(opened.input), opened.options);
  for (ftok::Item item; source->next(item); item = {}) {
    ++totals.rows;
    totals.bytes += item.document.text.size();
  }
  return totals;
}

// Lines of JSON, as `ftok tokenize` and `ftok vocab` hand them on to be parsed by all threads.
Totals read_lines(const std::string& file) {
  Totals totals;
  const auto input = ftok::open_input_bytes(ftok::open_file_source(file), {}).input;
  while (input->grow()) {
    const std::string_view window = input->window();
    totals.rows += static_cast<uint64_t>(std::count(window.begin(), window.end(), '\n'));
    totals.bytes += window.size();
    input->consume(window.size());
  }
  return totals;
}

template <typename Way>
void measure(const char* name, int repeat, uint64_t text_bytes, Way way) {
  Totals totals;
  const double median = ftok::median_seconds(CLOCK_PROCESS_CPUTIME_ID, repeat, [&] { totals = way(); });
  fmt::print("{}\t{:.3f}\t{:.0f}\t{}\t{}\n", name, median, static_cast<double>(text_bytes) / 1e6 / median, totals.rows,
             totals.bytes);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2 && !(argc == 4 && std::strcmp(argv[2], "--repeat") == 0)) {
    fmt::print(stderr, "usage: ftok_parquet_bench FILE [--repeat N]\n");
    return 2;
  }
  const std::string file = argv[1];
  const int repeat = argc == 4 ? std::max(1, std::atoi(argv[3])) : 3;
  try {
    ftok::run_on_threads(1, [&] {
      const uint64_t bytes = read_documents(file).bytes;
      measure("lines of JSON", repeat, bytes, [&] { return read_lines(file); });
      measure("documents by way of these lines", repeat, bytes, [&] { return read_documents_of_lines(file); });
      measure("documents", repeat, bytes, [&] { return read_documents(file); });
    });
  } catch (const ftok::Error& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 1;
  }
  return 0;
}
