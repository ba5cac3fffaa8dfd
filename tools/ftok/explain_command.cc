// `ftok explain`: one document through every stage of a recipe: what each measured, against which threshold, who
// dropped it.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <optional>

#include "core/amounts.h"
#include "core/error.h"
#include "core/file.h"
#include "core/recipe.h"
#include "core/shown.h"
#include "crawl/charset.h"
#include "pipeline/explain.h"
#include "pipeline/make_plan.h"
#include "tools/ftok/commands.h"
#include "tools/ftok/stage_context.h"
#include "tools/ftok/terminal.h"
#include "tools/ftok/text_input.h"

namespace ftok::cli {
namespace {

struct ExplainFlags {
  std::string file, recipe = "fineweb-2024-04", url, language_model;
  std::vector<std::string> sets;
  std::string record;  // a number; empty: the file is one page
  bool plain_text = false, json = false, show_text = false;
};

Item read_record(const ExplainFlags& flags, const Plan& plan, const Log& log) {
  const std::optional<RecordPlace> place = parse_record_place(flags.record);
  if (!place) {
    throw UsageError(
        fmt::format("--record: got '{}', expected a number, or N+N as `ftok warc list` prints it", flags.record));
  }
  return read_record_at(flags.file, *place, plan, log);
}

Item read_page(const ExplainFlags& flags) {
  Item item;
  item.document.id = item.document.file_path = shown_input(flags.file);
  item.document.url = flags.url;
  std::string bytes = read_file(flags.file, uint64_t{1} << 30);
  if (flags.plain_text) {
    item.document.text = std::move(bytes);
  } else {
    refuse_no_page(flags.file, bytes, "--record N explains row N of a table or array, from 1, or the line at byte N");
    item.document.charset = choose_charset(bytes, "").encoding;
    item.document.replacements = decode_text(item.document.charset, bytes, item.document.html);
  }
  return item;
}

// As people write numbers: whole ones with commas, others with four digits.
std::string number_text(double value) {
  const double whole = std::round(value);
  if (value == whole && std::abs(value) < 1e15)
    return (value < 0 ? "-" : "") + grouped(static_cast<uint64_t>(std::abs(value)));
  return std::abs(value) >= 1000 ? fmt::format("{:.1f}", value) : fmt::format("{:.4g}", value);
}

std::string held_text(const Measurement& m) {
  return *m.relation == '\0' ? "" : fmt::format("drops when {} {}", m.relation, number_text(m.threshold));
}

std::string measurement_line(const Measurement& m, bool colour) {
  constexpr size_t kRuleAndValue = 51;  // columns; the value ends there also where the rule's name is long
  const size_t room = kRuleAndValue - std::min(kRuleAndValue - 2, m.rule.view().size());
  std::string line =
      fmt::format("{} {}{:>{}}  {}", m.drops ? ">" : " ", m.rule.view(), number_text(m.value), room, held_text(m));
  if (m.drops) line += "  DROPS";
  if (!m.detail.empty()) line += "  (" + printable(m.detail) + ")";
  line.erase(line.find_last_not_of(' ') + 1);
  return colour && m.drops ? "\x1b[1;31m" + line + "\x1b[0m\n" : line + "\n";
}

// What was decided, and by which measurement.
std::string verdict_text(const Verdict& first, const std::vector<Measurement>& decided, bool colour) {
  if (first.kept()) return "\nverdict   passes (deduplication decides in a run)\n";
  const char* kind = first.kind == Verdict::Kind::kSkip ? "skipped" : "dropped";
  std::string line = fmt::format("verdict   {}: {}", kind, first.reason.view());
  if (!decided.empty() && *decided.front().relation != '\0')
    line += fmt::format("\n          it is {}, and {}", number_text(decided.front().value), held_text(decided.front()));
  return colour ? "\n\x1b[1;31m" + line + "\x1b[0m\n" : "\n" + line + "\n";
}

// Runs the stages one by one, so that each one's measurements stand under its name.
std::string explain(Item& item, const Plan& plan, bool colour, bool show_text) {
  std::string out =
      fmt::format("id        {}\nurl       {}\n", shown_field(item.document.id), shown_field(item.document.url));
  if (!item.verdict.kept()) {
    return out + fmt::format("\nthe reader {} it: {} {}\n",
                             item.verdict.kind == Verdict::Kind::kSkip ? "skips" : "drops", item.verdict.reason.view(),
                             printable(item.verdict.detail));
  }
  const Explanation explanation = explain_document(plan, item);
  for (const StageAccount& account : explanation.stages) {
    out += fmt::format("\n{}\n", account.stage);
    const Verdict& verdict = account.verdict;
    for (const Measurement& m : account.report.measurements) out += measurement_line(m, colour);
    if (account.report.measurements.empty()) {
      out += verdict.kept() ? "  passed\n" : fmt::format("  {} {}\n", verdict.reason.view(), printable(verdict.detail));
    }
    if (!account.summary.empty()) out += "  " + printable(account.summary) + "\n";
  }
  if (show_text) out += "\n" + printable(item.document.text, true) + "\n";
  return out + verdict_text(explanation.first, explanation.decided, colour);
}

void explain_command(const ExplainFlags& flags) {
  const Log log = stderr_log();
  PlanOptions plan_options;
  const RecipeConfig recipe = load_recipe(flags.recipe, flags.sets, log);
  plan_options.context = stage_context(flags.language_model);
  const Plan plan = make_plan(recipe, plan_options);
  for (const std::string& note : plan.notes) log(LogLevel::kWarning, note);
  Item item = flags.record.empty() ? read_page(flags) : read_record(flags, plan, log);
  if (flags.json) {
    run_stages(plan.stages, item, true, nullptr);
    print_out(measure_line(item) + "\n");
  } else {
    print_out(explain(item, plan, wants_colour(stdout), flags.show_text));
  }
}

}  // namespace

void add_explain_command(CLI::App& app) {
  CLI::App* command = app.add_subcommand("explain", "Show what every stage measures on one document");
  const auto flags = std::make_shared<ExplainFlags>();
  command
      ->add_option(
          "FILE", flags->file,
          "An HTML page, or with --record a WARC file or address, Parquet, JSON Lines or another file of texts")
      ->required();
  command
      ->add_option("--record", flags->record,
                   "Take the record, or line, that starts at this stored byte of FILE (N, or N+N as `ftok warc list` "
                   "prints it); of Parquet and other rows the row of this number, from 1")
      ->type_name("OFFSET");
  command->add_flag("--text", flags->plain_text, "FILE is plain text, not HTML");
  command->add_option("--url", flags->url, "The page's address, for the URL rules");
  command->add_option("--recipe", flags->recipe, "Preset or TOML file")->capture_default_str();
  command->add_option("--set", flags->sets, "Override a key of the recipe; repeatable")
      ->type_name("SECTION.KEY=VALUE")
      ->allow_extra_args(false);
  command->add_option("--language-model", flags->language_model, "fastText model")->type_name("FILE");
  command->add_flag("--show-text", flags->show_text, "Print the text as the last stage left it");
  command->add_flag("--json", flags->json, "Print one JSON object");
  command->footer(
      "Examples:\n"
      "  ftok explain page.html --url https://example.com/page\n"
      "  ftok explain --record 48213 CC-MAIN-20240612140424-00000.warc.gz   (offsets: rejects files, `ftok warc "
      "list`)");
  command->callback([flags] { explain_command(*flags); });
}

}  // namespace ftok::cli
