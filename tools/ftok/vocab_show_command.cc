// `ftok vocab show`: what a vocabulary is, and tokens of it.
#include <fmt/format.h>

#include <map>
#include <memory>

#include "core/error.h"
#include "core/json.h"
#include "text/unicode.h"
#include "tokenizer/inspect.h"
#include "tools/ftok/terminal.h"
#include "tools/ftok/vocab_commands.h"
#include "tools/ftok/vocabulary_source.h"

namespace ftok::cli {
namespace {

struct VocabShowFlags {
  VocabularyFlags vocabulary;
  std::string name;
  std::vector<uint32_t> ids;
  std::string find;
  uint64_t longest = 0;
  bool json = false;
};

std::string token_line(const Encoding& encoding, uint32_t id) {
  const std::string_view bytes = encoding.token_bytes(id);
  return fmt::format("{}\t{} bytes\t{}{}\n", id, bytes.size(), visible_token(bytes),
                     encoding.is_special(id) ? "\tspecial" : "");
}

std::vector<uint32_t> chosen_ids(const Encoding& encoding, const VocabShowFlags& flags) {
  std::vector<uint32_t> ids = flags.ids;
  for (const uint32_t id : ids) {
    if (!encoding.is_token(id)) {
      throw Error(
          fmt::format("id {} is not a token of {} (ids are below {})", id, encoding.name(), encoding.n_vocab()));
    }
  }
  const Vocabulary& vocabulary = encoding.vocabulary();
  if (!flags.find.empty()) {
    for (uint32_t id = 0; id < vocabulary.token_count(); ++id) {
      if (vocabulary.token(id).find(flags.find) != std::string_view::npos) ids.push_back(id);
    }
  }
  if (flags.longest > 0) {
    std::multimap<size_t, uint32_t, std::greater<>> by_size;
    for (uint32_t id = 0; id < vocabulary.token_count(); ++id) by_size.emplace(vocabulary.token(id).size(), id);
    for (const auto& [size, id] : by_size) {
      if (ids.size() >= flags.longest) break;
      ids.push_back(id);
    }
  }
  return ids;
}

void print_summary(const Encoding& encoding, bool as_json) {
  const Vocabulary& vocabulary = encoding.vocabulary();
  size_t tokens = 0, bytes = 0;
  for (uint32_t id = 0; id < vocabulary.token_count(); ++id) {
    tokens += !vocabulary.token(id).empty();
    bytes += vocabulary.token(id).size();
  }
  const double mean = static_cast<double>(bytes) / static_cast<double>(tokens);
  if (as_json) {
    JsonWriter json;
    json.begin_object()
        .field("name", encoding.name())
        .field("n_vocab", encoding.n_vocab())
        .field("ranks", static_cast<uint64_t>(tokens));
    const bool has_pattern = vocabulary.pieces == nullptr;
    json.field("pattern", has_pattern ? pattern_name(vocabulary.pattern) : "none");
    json.field("pattern_text", has_pattern ? pattern_text(vocabulary.pattern) : "");
    json.field("unicode", std::string_view(kUnicodeVersion))
        .field("sha256", encoding.digest())
        .field("nfc", vocabulary.normalize_nfc);
    json.field("implied_merges", vocabulary.merges.empty())
        .field("mean_token_bytes", mean)
        .key("special_tokens")
        .begin_object();
    for (const SpecialToken& special : vocabulary.specials) json.field(special.text, special.id);
    json.end_object().end_object();
    print_out(json.text() + "\n");
    return;
  }
  std::string out = fmt::format(
      "name      {}\nn_vocab   {}\nranks     {}, {:.2f} bytes on average\npattern   {}  {}\nunicode   {}\nsha256    "
      "{}\n",
      encoding.name(), encoding.n_vocab(), tokens, mean,
      vocabulary.pieces != nullptr ? "none" : pattern_name(vocabulary.pattern),
      vocabulary.pieces != nullptr ? "BPE over characters" : pattern_text(vocabulary.pattern), kUnicodeVersion,
      encoding.digest());
  if (vocabulary.normalize_nfc) out += "nfc       text is normalised first\n";
  if (!vocabulary.merges.empty()) out += fmt::format("merges    {}, a list of their own\n", vocabulary.merges.size());
  for (const SpecialToken& special : vocabulary.specials)
    out += fmt::format("special   {} {}\n", special.id, special.text);
  print_report(out);
}

void run(VocabShowFlags flags) {
  if (!flags.name.empty()) flags.vocabulary.vocab = flags.name;
  const Encoding encoding = load_encoding(flags.vocabulary);
  if (flags.ids.empty() && flags.find.empty() && flags.longest == 0) return print_summary(encoding, flags.json);
  std::string out;
  for (const uint32_t id : chosen_ids(encoding, flags)) out += token_line(encoding, id);
  print_out(out);
}

}  // namespace

void add_vocab_show_command(CLI::App& parent) {
  CLI::App* command = parent.add_subcommand("show", "Describe a vocabulary and show its tokens");
  const auto flags = std::make_shared<VocabShowFlags>();
  flags->vocabulary.add_to(*command);
  command->add_option("V", flags->name, "Vocabulary, as for --vocab");
  command->add_option("--id", flags->ids, "Show the tokens of these ids")->type_name("ID");
  command->add_option("--find", flags->find, "Show the tokens that contain this text")->type_name("TEXT");
  command->add_option("--longest", flags->longest, "Show the N longest tokens")->type_name("N");
  command->add_flag("--json", flags->json, "Print the summary as a JSON object");
  command->footer(
      "Examples:\n  ftok vocab show ftok-100k\n  ftok vocab show cl100k_base.tiktoken --id 15339 1917\n  ftok vocab "
      "show ftok-100k --longest 20");
  command->callback([flags] { run(*flags); });
}

}  // namespace ftok::cli
