// `ftok decontaminate`: which items of evaluation sets stand in texts.
#include <fmt/format.h>

#include <memory>

#include "core/error.h"
#include "core/json.h"
#include "core/shown.h"
#include "core/signals.h"
#include "crawl/input_format.h"
#include "crawl/object_rows.h"
#include "dedup/decontaminate.h"
#include "pipeline/inputs.h"
#include "tools/ftok/commands.h"
#include "tools/ftok/terminal.h"

namespace ftok::cli {
namespace {

struct DecontaminateFlags {
  EvaluationSetOptions options;
  std::vector<std::string> files;
  std::string text_key = "text";
  bool list = false, json = false;
};

// What was found of each item, over all texts.
struct Found {
  std::vector<uint64_t> documents;  // by item
  uint64_t read = 0, contaminated = 0;
};

void print_match(const Document& document, const EvaluationSets& sets, const EvaluationSets::Match& match) {
  const EvaluationSets::Item& item = sets.items()[match.item];
  JsonWriter json;
  json.begin_object().field("id", document.id).field("benchmark", sets.set_names()[item.set]).field("item", item.name);
  json.field("ngrams", match.ngrams).field("text", sets.ngram_at(document.text, match.word)).end_object();
  print_out(json.take() + "\n");
}

void search_file(const std::string& file, const DecontaminateFlags& flags, const EvaluationSets& sets, const Log& log,
                 Found& found) {
  SourceOptions options;
  options.file_path = file;
  options.text_key = flags.text_key;
  const InputFormat* format = nullptr;
  const std::unique_ptr<Source> source = make_source(open_input(file, log), options, &format);
  std::vector<EvaluationSets::Match> matches;
  uint64_t records = 0;
  for (Item item; source->next(item); item = Item()) {
    ++records;
    if (stop_requested()) throw Stopped();
    if (!item.verdict.kept()) {
      log(LogLevel::kWarning, fmt::format("{}: document at {} {}: {} {}", file, locator_name(format->locator),
                                          item.document.offset, item.verdict.reason.view(), item.verdict.detail));
      continue;
    }
    if (!item.document.payload.empty())
      throw Error(
          fmt::format("{} is {}: it holds pages, not texts; extract them first (ftok extract)", file, format->title));
    ++found.read;
    sets.find(item.document.text, matches);
    if (matches.empty()) continue;
    ++found.contaminated;
    for (const EvaluationSets::Match& match : matches) {
      ++found.documents[match.item];
      print_match(item.document, sets, match);
    }
  }
  report_damage(*source, file, *format, records, log);
}

// A line a benchmark, on standard error: the matches are the output.
void note_summary(const EvaluationSets& sets, const Found& found) {
  note("{} texts, {} with a piece of an item\n", found.read, found.contaminated);
  for (size_t set = 0; set < sets.set_names().size(); ++set) {
    uint64_t items = 0, hit = 0, lost = 0;
    for (size_t i = 0; i < sets.items().size(); ++i) {
      if (sets.items()[i].set != set) continue;
      ++items;
      hit += found.documents[i] > 0;
      lost += sets.items()[i].ngrams == 0;
    }
    note("{}: {} of {} items found{}\n", printable(sets.set_names()[set]), hit, items,
         lost == 0 ? "" : fmt::format(", {} cannot be (--list)", lost));
  }
}

void list(const EvaluationSets& sets) {
  for (const std::string& ngram : sets.ignored()) {
    JsonWriter json;
    json.begin_object().field("ignored", ngram).end_object();
    print_out(json.take() + "\n");
  }
  for (const EvaluationSets::Item& item : sets.items()) {
    if (item.ngrams > 0) continue;
    JsonWriter json;
    json.begin_object().field("benchmark", sets.set_names()[item.set]).field("item", item.name);
    json.field("not_found_because", item.is_short ? "too short" : "nothing but ignored n-grams").end_object();
    print_out(json.take() + "\n");
  }
}

void decontaminate_command(const DecontaminateFlags& flags) {
  if (flags.options.sets.empty()) throw UsageError("--set: missing, expected a file with an item in each row");
  if (flags.list == !flags.files.empty())
    throw UsageError(flags.list ? "--list: looks at the sets alone, got a FILE"
                                : "FILE: missing, expected texts to look in");
  catch_stop_signals();
  const EvaluationSets sets(flags.options, for_each_object_row);
  if (flags.list) return list(sets);
  Found found;
  found.documents.resize(sets.items().size());
  const Log log = stderr_log();
  for (const std::string& file : flags.files) search_file(file, flags, sets, log, found);
  note_summary(sets, found);
}

}  // namespace

void add_decontaminate_command(CLI::App& app) {
  CLI::App* command = app.add_subcommand("decontaminate", "Find the items of evaluation sets in texts");
  const auto flags = std::make_shared<DecontaminateFlags>();
  command->add_option("FILE", flags->files,
                      "Texts: JSON Lines, JSON, CSV, Parquet, plain text, WET; .gz or .zst; - is standard input");
  command
      ->add_option(
          "--set", flags->options.sets,
          "Evaluation set, an item in each row: JSON Lines, JSON, CSV, TSV, Parquet (with --field); .gz or .zst; "
          "repeatable")
      ->allow_extra_args(false)
      ->type_name("FILE");
  command
      ->add_option("--field", flags->options.fields,
                   "Key of an item whose strings are looked for; repeatable; default: all strings")
      ->allow_extra_args(false)
      ->type_name("KEY");
  command->add_option("--ngram-words", flags->options.ngram_words, "Words of an n-gram")->capture_default_str();
  command
      ->add_option("--item-words-min", flags->options.item_words_min,
                   "A string with fewer words than an n-gram is looked for as a whole from so many on")
      ->capture_default_str();
  command
      ->add_option("--frequent-items", flags->options.frequent_items,
                   "Ignore n-grams of at least so many items, in --frequent-sets sets")
      ->capture_default_str();
  command->add_option("--frequent-sets", flags->options.frequent_sets, "See --frequent-items")->capture_default_str();
  command->add_option("--text-key", flags->text_key, "Key or column of the text")->capture_default_str();
  command->add_flag("--list", flags->list, "List the n-grams that are ignored and the items that cannot be found");
  command->footer(
      "A line of JSON comes out for each item that a text holds something of; what was found of each set is said at "
      "the "
      "end.\nA recipe drops such documents: stages = [..., \"decontaminate\", \"minhash\"], [decontaminate] sets = "
      "[...].\n"
      "Examples:\n"
      "  ftok decontaminate --set gsm8k.jsonl --set mmlu.jsonl 'out/parts/000000.text.jsonl.zst'\n"
      "  ftok decontaminate --set mmlu.jsonl --field question --list");
  command->callback([flags] { decontaminate_command(*flags); });
}

}  // namespace ftok::cli
