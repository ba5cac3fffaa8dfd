// `ftok language`: the language of texts, by a fastText model.
#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "core/byte_source.h"
#include "core/error.h"
#include "core/json.h"
#include "core/shown.h"
#include "filters/language.h"
#include "tools/ftok/bundled.h"
#include "tools/ftok/commands.h"
#include "tools/ftok/terminal.h"
#include "tools/ftok/text_input.h"

namespace ftok::cli {
namespace {

constexpr char kLanguageExamples[] = R"(Examples:
  ftok language page.txt                        best label and its probability
  ftok language --top 5 "Wer reitet so spaet"   an argument that is not a file is a text
  ftok language --lines --json < sentences.txt  one answer a line
  ftok language --shares page.txt               en 0.81, de 0.19
  ftok language --text-key text docs.parquet    one answer a document
  ftok language --model lid.176.ftz page.txt)";

struct LanguageArguments {
  std::vector<std::string> texts;
  std::string model, text_key;
  size_t top = 1;
  bool json = false, lines = false, shares = false;
};

std::string model_path(const std::string& flag) {
  if (!flag.empty()) return flag;
  const std::string bundled = bundled_file("models/ftok-lid.ftz");
  if (bundled.empty()) throw Error("no language model: give --model FILE");
  return bundled;
}

// The languages of a text, and the share of it in each.
std::string share_answer(const LanguageModel& model, const std::string& name, std::string_view text,
                         const LanguageArguments& arguments) {
  const std::vector<LanguageShare> shares = language_shares(model, text);
  JsonWriter json;
  json.begin_object();
  if (!name.empty()) json.field("file", escape_bytes(name));
  json.key("shares").begin_array();
  std::string out;
  for (const LanguageShare& share : shares) {
    json.begin_object().field("language", model.labels()[share.label]).field("share", share.share).end_object();
    out += fmt::format("{}{}\t{:.4f}", out.empty() ? "" : "\t", model.labels()[share.label], share.share);
  }
  if (arguments.json) return json.end_array().end_object().take() + "\n";
  return (out.empty() ? "-" : out) + "\n";
}

std::string answer(const LanguageModel& model, const std::string& name, std::string_view text,
                   const LanguageArguments& arguments) {
  if (arguments.shares) return share_answer(model, name, text, arguments);
  const std::vector<LanguageScore> best = model.best(text, arguments.top);
  if (arguments.json) {
    JsonWriter json;
    json.begin_object();
    if (!name.empty()) json.field("file", escape_bytes(name));
    json.key("languages").begin_array();
    for (const LanguageScore& score : best) {
      json.begin_object().field("language", model.labels()[score.label]);
      json.field("probability", static_cast<double>(score.probability)).end_object();
    }
    return json.end_array().end_object().take() + "\n";
  }
  std::string out;
  for (const LanguageScore& score : best) {
    out += fmt::format("{}{}\t{:.4f}", out.empty() ? "" : "\t", model.labels()[score.label], score.probability);
  }
  return (out.empty() ? "-" : out) + "\n";
}

void answer_text(const LanguageModel& model, const std::string& name, std::string_view text,
                 const LanguageArguments& arguments) {
  if (!arguments.lines) return print_text(answer(model, name, text, arguments));
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    print_text(answer(model, name, text.substr(at, end - at), arguments));
    at = end + 1;
  }
}

// One answer for each document of a file that holds many.
void answer_documents(const LanguageModel& model, const std::string& file, const LanguageArguments& arguments) {
  for_each_json_text(open_file_source(file), arguments.text_key,
                     [&](std::string_view text) { answer_text(model, file, text, arguments); });
}

}  // namespace

void add_language_command(CLI::App& app) {
  CLI::App* command = app.add_subcommand("language", "Name the language of texts");
  const auto arguments = std::make_shared<LanguageArguments>();
  command->add_option("TEXT", arguments->texts, "files, or texts; none or \"-\" reads standard input");
  command->add_option("--model", arguments->model, "fastText model, .bin or .ftz (default: the bundled one)");
  command
      ->add_option("--text-key", arguments->text_key,
                   "files hold documents (JSON Lines, JSON, Parquet, CSV, TSV), and this is the key, or column, of "
                   "their text: one answer per document")
      ->type_name("KEY");
  command->add_option("--top", arguments->top, "how many languages to name (default 1)")->check(CLI::Range(1, 100000));
  command->add_flag("--lines", arguments->lines, "one answer per line of text rather than per text");
  command->add_flag("--shares", arguments->shares, "all languages of a text in several, and the share of it in each");
  command->add_flag("--json", arguments->json, "print one JSON object per text");
  command->footer(kLanguageExamples);
  command->callback([arguments] {
    const std::unique_ptr<const LanguageModel> model = LanguageModel::load(model_path(arguments->model));
    std::vector<std::string> texts = arguments->texts;
    if (texts.empty()) texts.push_back("-");
    for (const std::string& text : texts) {
      std::error_code ignored;
      const bool is_file = text == "-" || std::filesystem::is_regular_file(text, ignored);
      if (!is_file) {
        answer_text(*model, "", text, *arguments);
        continue;
      }
      if (arguments->text_key.empty()) {
        answer_text(*model, text, read_one_text(text, "--text-key KEY reads the texts of JSON, Parquet and tables"),
                    *arguments);
      } else {
        answer_documents(*model, text, *arguments);
      }
    }
  });
}

}  // namespace ftok::cli
