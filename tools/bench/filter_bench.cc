// ftok_filter_bench TEXTS.jsonl [--repeat N] [--recipe fineweb-datatrove-0.10|fineweb-2024-04]: how fast one core
// splits words, counts sentences and runs each quality filter alone, and all of them in order, over the texts of a
// file. A line for each: CPU seconds of the thread (the median of N runs), documents/s, MB/s of text, and a count to
// check against (words, sentences, documents kept). Each filter splits its words itself, as the first filter of a chain
// does.
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/byte_source.h"
#include "core/error.h"
#include "crawl/source.h"
#include "filters/c4.h"
#include "filters/fineweb.h"
#include "filters/gopher_quality.h"
#include "filters/gopher_repetition.h"
#include "text/sentences.h"
#include "text/words.h"
#include "tools/bench/cpu_time.h"

namespace {

using ftok::Stage;
using Texts = std::vector<std::string>;
using Stages = std::vector<std::unique_ptr<Stage>>;

Texts read_texts(const std::string& path) {
  ftok::SourceOptions options;
  options.format = "jsonl";
  const auto source = ftok::make_source(ftok::open_file_source(path), options);
  Texts texts;
  for (ftok::Item item; source->next(item); item = ftok::Item()) {
    if (item.verdict.kept()) texts.push_back(std::move(item.document.text));
  }
  return texts;
}

void measure(const std::string& name, const Texts& texts, size_t repeat,
             const std::function<size_t(const std::string&)>& work) {
  size_t bytes = 0, count = 0;
  for (const std::string& text : texts) bytes += text.size();
  const double median = ftok::median_seconds(CLOCK_THREAD_CPUTIME_ID, static_cast<int>(repeat), [&] {
    count = 0;
    for (const std::string& text : texts) count += work(text);
  });
  fmt::print("{:<20}{:>9.4f} s {:>9.0f} documents/s {:>8.1f} MB/s  {}\n", name, median,
             static_cast<double>(texts.size()) / median, static_cast<double>(bytes) / median / 1e6, count);
}

template <typename StageType, typename Options>
void add_stage(Stages& stages, bool head) {
  stages.push_back(std::make_unique<StageType>(head ? Options::head() : Options()));
}

size_t kept_by(const Stages& stages, size_t first, size_t last, const std::string& text, ftok::WordRules rules) {
  ftok::words_of("", rules);  // forget the last filter's words
  ftok::Document document;
  document.text = text;
  for (size_t i = first; i < last; ++i) {
    if (!stages[i]->process(document).kept()) return 0;
  }
  return 1;
}

int bench(int argc, char** argv) {
  std::string path, recipe = "fineweb-datatrove-0.10";
  size_t repeat = 5;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    if (argument == "--repeat" && i + 1 < argc) {
      repeat = std::max(1, std::atoi(argv[++i]));
    } else if (argument == "--recipe" && i + 1 < argc) {
      recipe = argv[++i];
    } else {
      path = argument;
    }
  }
  if (path.empty()) {
    fmt::print(stderr,
               "usage: ftok_filter_bench TEXTS.jsonl [--repeat N] [--recipe fineweb-datatrove-0.10|fineweb-2024-04]\n");
    return 2;
  }
  const bool head = recipe == "fineweb-datatrove-0.10";
  const auto rules = head ? ftok::WordRules::kSpacy : ftok::WordRules::kNltk;
  const Texts texts = read_texts(path);
  Stages stages;
  add_stage<ftok::GopherRepetition, ftok::GopherRepetitionOptions>(stages, head);
  add_stage<ftok::GopherQuality, ftok::GopherQualityOptions>(stages, head);
  add_stage<ftok::C4, ftok::C4Options>(stages, head);
  add_stage<ftok::FineWeb, ftok::FineWebOptions>(stages, head);

  std::vector<std::string_view> words;
  measure("words", texts, repeat, [&](const std::string& text) {
    ftok::split_words(text, rules, words);
    return words.size();
  });
  measure("sentences", texts, repeat, [&](const std::string& text) { return ftok::count_sentences(text, rules); });
  for (size_t i = 0; i < stages.size(); ++i) {
    measure(std::string(stages[i]->name()), texts, repeat,
            [&](const std::string& text) { return kept_by(stages, i, i + 1, text, rules); });
  }
  measure("chain", texts, repeat,
          [&](const std::string& text) { return kept_by(stages, 0, stages.size(), text, rules); });
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return bench(argc, argv);
  } catch (const ftok::Error& error) {
    fmt::print(stderr, "ftok_filter_bench: {}\n", error.what());
    return error.exit_code();
  }
}
