// ftok_html_bench: MB per CPU second of HTML parsing and of extraction, one thread, over files held in memory; or what
// each hostile page costs: CPU milliseconds, counted steps and bytes of memory per byte of page, and the peak of a
// process that does nothing else.
//   ftok_html_bench [--parser ftok|gumbo] [--extract] [--rounds N] FILE...
//   ftok_html_bench --hostile MEBIBYTES [--extract] [--kind NAME]
//   ftok_html_bench --digest FILE...   a hash of what all modes make of each page, to see whether a change changed any
#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <ctime>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "core/file.h"
#include "extract/extract.h"
#include "extract/html/parser.h"
#include "tools/bench/hostile_html.h"

namespace {

double cpu_seconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

// One hostile page in a process of its own, so that its peak is seen. Prints a line with tabs between.
void run_hostile(const ftok::bench::HostilePage& hostile, size_t bytes, bool whole) {
  std::fflush(stdout);
  const pid_t child = ::fork();
  if (child == 0) {
    const std::string page = hostile.html(bytes);
    const double begin = cpu_seconds();
    uint64_t steps = 0, arena = 0;
    std::string end = "tree";
    if (whole) {
      const ftok::ExtractResult result = ftok::extract(page, {});
      steps = result.steps;
      arena = result.arena_bytes;
      end = result.drop_reason == nullptr ? "text" : fmt::format("{} {}", result.drop_reason, result.detail);
    } else {
      ftok::html::Dom dom;
      const ftok::html::ParseResult result = ftok::html::parse_html(page, {}, dom);
      steps = result.steps;
      arena = result.arena_bytes;
      if (result.status != ftok::html::ParseStatus::kDone) end = ftok::html::name_of(result.status);
    }
    const double seconds = cpu_seconds() - begin;
    const auto size = static_cast<double>(page.size());
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    std::string name;
    for (const char c : hostile.name)
      name += c >= ' ' && c < 0x7F ? std::string(1, c) : fmt::format("\\x{:02X}", static_cast<unsigned char>(c));
    fmt::print("{}\t{:.1f}\t{:.1f}\t{:.1f}\t{:.1f}\t{}\n", name, 1000 * seconds,
               static_cast<double>(usage.ru_maxrss) * 1024 / 1e6, static_cast<double>(steps) / size,
               static_cast<double>(arena) / size, end);
    std::fflush(stdout);
    ::_exit(0);
  }
  ::waitpid(child, nullptr, 0);
}

// FNV-1a, 64 bits.
uint64_t hashed(uint64_t hash, std::string_view text) {
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211U;
  return hash * 31;
}

// What every mode makes of a page, and the page's own fields.
uint64_t digest(std::string_view page) {
  uint64_t hash = 14695981039346656037U;
  for (const char* mode : {"balanced", "precision", "recall", "all"}) {
    ftok::ExtractOptions options;
    const bool all = std::string_view(mode) == "all";
    if (all) options.comments = options.links = options.images = options.markdown = true;
    else options.mode = mode;
    const ftok::ExtractResult result = ftok::extract(page, options);
    const ftok::html::Metadata& own = result.metadata;
    for (const std::string_view part : std::initializer_list<std::string_view>{
             result.text, own.title, own.author, own.published, own.site, own.description, own.canonical_url,
             own.html_language, result.drop_reason == nullptr ? "" : result.drop_reason}) {
      hash = hashed(hash, part);
    }
  }
  return hash;
}

}  // namespace

int main(int argc, char** argv) {
  ftok::html::HtmlParser parser = ftok::html::HtmlParser::kFtok;
  bool whole = false, digests = false;
  int rounds = 3;
  double hostile_mebibytes = 0;
  std::string_view kind;
  std::vector<std::string> pages;
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    if (argument == "--extract") whole = true;
    else if (argument == "--digest") digests = true;
    else if (argument == "--parser" && i + 1 < argc)
      parser = std::string_view(argv[++i]) == "gumbo" ? ftok::html::HtmlParser::kGumbo : ftok::html::HtmlParser::kFtok;
    else if (argument == "--hostile" && i + 1 < argc) hostile_mebibytes = std::stod(argv[++i]);
    else if (argument == "--kind" && i + 1 < argc) kind = argv[++i];
    else if (argument == "--rounds" && i + 1 < argc) rounds = std::stoi(argv[++i]);
    else pages.push_back(ftok::read_file(argv[i]));
  }
  if (hostile_mebibytes > 0) {
    for (const auto& page : ftok::bench::hostile_pages()) {
      if (kind.empty() || page.name == kind) run_hostile(page, static_cast<size_t>(hostile_mebibytes * 1048576), whole);
    }
    return 0;
  }
  if (digests) {
    for (const std::string& page : pages) fmt::print("{:016x}\n", digest(page));
    return 0;
  }
  size_t bytes = 0;
  for (const std::string& page : pages) bytes += page.size();
  double best = 1e9;
  size_t sum = 0;
  for (int round = 0; round < rounds; ++round) {
    const double begin = cpu_seconds();
    ftok::html::Dom dom;
    for (const std::string& page : pages) {
      if (whole) {
        sum += ftok::extract(page, {}).text.size();
      } else {
        ftok::html::parse_html(page, {}, dom, parser);
        sum += dom.size();
      }
    }
    best = std::min(best, cpu_seconds() - begin);
  }
  fmt::print("{} pages, {:.1f} MB, best of {}: {:.1f} MB/s ({})\n", pages.size(), static_cast<double>(bytes) / 1e6,
             rounds, static_cast<double>(bytes) / 1e6 / best, sum);
}
