// ftok_warc_bench FILE... [--repeat N]: how fast one core inflates a WARC, reads its records with their bodies, and
// parses the HTTP heads of its responses, and makes pages of them. A line for each way: CPU seconds of the thread (the
// median of N runs), MB/s of decoded bytes, records, and the bytes of all bodies, to check another reader against.
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "core/byte_source.h"
#include "core/error.h"
#include "crawl/http.h"
#include "crawl/http_stage.h"
#include "crawl/source.h"
#include "crawl/warc.h"
#include "tools/bench/cpu_time.h"

namespace {

struct Totals {
  uint64_t records = 0, decoded_bytes = 0, body_bytes = 0;
};

Totals inflate(const std::string& file) {
  Totals totals;
  const auto input = ftok::make_decoded_input(ftok::open_file_source(file));
  while (input->grow()) {
    totals.decoded_bytes += input->window().size();
    input->consume(input->window().size());
  }
  return totals;
}

// A copy of each body is made, as a reader that hands out bodies must.
Totals read_records(const std::string& file, bool http) {
  Totals totals;
  ftok::WarcReader reader(ftok::make_decoded_input(ftok::open_file_source(file)));
  ftok::WarcRecord record;
  std::string body;
  while (reader.next(record)) {
    ++totals.records;
    std::string_view view = record.block;
    if (http && record.content_type.starts_with("application/http")) {
      if (record.type == "response") {
        if (const auto head = ftok::parse_http_head(view)) view.remove_prefix(head->size);
      } else {
        view.remove_prefix(std::min(view.size(), view.find("\r\n\r\n") + 4));  // a request's, to compare with FastWARC
      }
    }
    body.assign(view);
    totals.body_bytes += body.size();
  }
  totals.decoded_bytes = reader.input().offset();
  return totals;
}

Totals read_source(const std::string& file) {
  Totals totals;
  const auto source = ftok::make_source(ftok::open_file_source(file), {});
  while (true) {
    ftok::Item item;
    if (!source->next(item)) break;
    ++totals.records;
    totals.body_bytes += item.document.payload.size();
  }
  return totals;
}

Totals read_pages(const std::string& file) {
  Totals totals;
  const ftok::HttpStage http{ftok::HttpOptions{}};
  const auto source = ftok::make_source(ftok::open_file_source(file), {});
  while (true) {
    ftok::Item item;
    if (!source->next(item)) break;
    ++totals.records;
    if (item.verdict.kept()) http.process(item.document);
    totals.body_bytes += item.document.html.size();
  }
  return totals;
}

template <typename Way>
void measure(const std::string& file, const char* name, int repeat, uint64_t decoded_bytes, Way way) {
  Totals totals;
  const double median = ftok::median_seconds(CLOCK_THREAD_CPUTIME_ID, repeat, [&] { totals = way(); });
  fmt::print("{}\t{}\t{:.4f} s\t{:.0f} MB/s\trecords {}\tbodies {}\n", file, name, median,
             static_cast<double>(decoded_bytes) / 1e6 / median, totals.records, totals.body_bytes);
}

}  // namespace

int main(int argc, char** argv) {
  int repeat = 5;
  std::vector<std::string> files;
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "--repeat") == 0 && i + 1 < argc) {
      repeat = std::max(1, std::atoi(argv[++i]));
    } else {
      files.emplace_back(argv[i]);
    }
  }
  if (files.empty()) {
    fmt::print(stderr, "usage: ftok_warc_bench FILE... [--repeat N]\n");
    return 2;
  }
  try {
    for (const std::string& file : files) {
      const uint64_t bytes = inflate(file).decoded_bytes;
      measure(file, "inflate", repeat, bytes, [&] { return inflate(file); });
      measure(file, "records with bodies", repeat, bytes, [&] { return read_records(file, false); });
      measure(file, "records with bodies + HTTP", repeat, bytes, [&] { return read_records(file, true); });
      measure(file, "documents (make_source)", repeat, bytes, [&] { return read_source(file); });
      measure(file, "pages in UTF-8 (http stage)", repeat, bytes, [&] { return read_pages(file); });
    }
  } catch (const ftok::Error& error) {
    fmt::print(stderr, "ftok_warc_bench: {}\n", error.what());
    return 1;
  }
  return 0;
}
