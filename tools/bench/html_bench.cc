// ftok_html_bench: MB per CPU second of HTML parsing and of extraction, one thread, over files held in memory.
//   ftok_html_bench [--parser ftok|gumbo] [--extract] [--rounds N] FILE...
#include <fmt/format.h>

#include <algorithm>
#include <ctime>
#include <string>
#include <string_view>
#include <vector>

#include "core/file.h"
#include "extract/extract.h"
#include "extract/parser.h"

namespace {

double cpu_seconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

}  // namespace

int main(int argc, char** argv) {
  ftok::html::HtmlParser parser = ftok::html::HtmlParser::kFtok;
  bool whole = false;
  int rounds = 3;
  std::vector<std::string> pages;
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    if (argument == "--extract") whole = true;
    else if (argument == "--parser" && i + 1 < argc) parser = std::string_view(argv[++i]) == "gumbo" ? ftok::html::HtmlParser::kGumbo : ftok::html::HtmlParser::kFtok;
    else if (argument == "--rounds" && i + 1 < argc) rounds = std::stoi(argv[++i]);
    else pages.push_back(ftok::read_file(argv[i]));
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
  fmt::print("{} pages, {:.1f} MB, best of {}: {:.1f} MB/s ({})\n", pages.size(), static_cast<double>(bytes) / 1e6, rounds,
             static_cast<double>(bytes) / 1e6 / best, sum);
}
