// `ftok vocab compare`: vocabularies beside each other, on texts of the user's.
#include <fmt/format.h>

#include <memory>
#include <string_view>
#include <unordered_set>

#include "core/error.h"
#include "core/hash_seed.h"
#include "core/json.h"
#include "crawl/source.h"
#include "pipeline/inputs.h"
#include "text/unicode.h"
#include "tools/ftok/terminal.h"
#include "tools/ftok/vocab_commands.h"
#include "tools/ftok/vocabulary_source.h"

namespace ftok::cli {
namespace {

struct VocabCompareFlags {
  std::vector<std::string> names, texts;
  std::string text_key = "text";
  bool json = false;
};

struct Corpus {
  std::string path;
  uint64_t documents = 0, bytes = 0, characters = 0;
  std::vector<uint64_t> tokens;  // by vocabulary
};

Corpus count_tokens(const std::string& path, const std::string& text_key, const std::vector<Encoding>& encodings) {
  Corpus corpus{path, 0, 0, 0, std::vector<uint64_t>(encodings.size())};
  SourceOptions options;
  options.text_key = text_key;
  options.id_key = "";  // not read
  const std::unique_ptr<Source> source = make_source(open_input(path, {}), options);
  for (Item item; source->next(item); item = Item{}) {
    if (!item.verdict.kept()) continue;
    const std::string& text = item.document.text;
    ++corpus.documents;
    corpus.bytes += text.size();
    corpus.characters += utf8_length(text);
    for (size_t i = 0; i < encodings.size(); ++i) corpus.tokens[i] += encodings[i].count(text);
  }
  if (corpus.documents == 0) throw Error(path + ": no text in it");
  return corpus;
}

// How many of a's tokens are also b's.
size_t shared_tokens(const Vocabulary& a, const Vocabulary& b) {
  std::unordered_set<std::string_view, SeededHash> tokens;
  for (uint32_t id = 0; id < b.token_count(); ++id) tokens.insert(b.token(id));
  size_t shared = 0;
  for (uint32_t id = 0; id < a.token_count(); ++id) shared += !a.token(id).empty() && tokens.count(a.token(id)) != 0;
  return shared;
}

double ratio(uint64_t a, uint64_t b) { return b == 0 ? 0 : static_cast<double>(a) / static_cast<double>(b); }

std::string as_table(const std::vector<Encoding>& encodings, const std::vector<Corpus>& corpora) {
  size_t width = 10;
  for (const Encoding& encoding : encodings) width = std::max(width, encoding.name().size());
  const auto line = [&](std::string_view title, const auto& cell) {
    std::string out = fmt::format("{:<28}", title);
    for (size_t i = 0; i < encodings.size(); ++i) out += fmt::format("  {:>{}}", cell(i), width);
    return out + "\n";
  };
  std::string out = line("", [&](size_t i) { return encodings[i].name(); });
  out += line("n_vocab", [&](size_t i) { return std::to_string(encodings[i].n_vocab()); });
  out += line("pattern", [&](size_t i) { return std::string(pattern_name(encodings[i].vocabulary().pattern)); });
  out += line("tokens also in the first", [&](size_t i) {
    return std::to_string(shared_tokens(encodings[i].vocabulary(), encodings[0].vocabulary()));
  });
  for (const Corpus& corpus : corpora) {
    out += fmt::format("\n{}: {} documents, {} bytes, {} characters\n", corpus.path, corpus.documents, corpus.bytes,
                       corpus.characters);
    out += line("tokens", [&](size_t i) { return std::to_string(corpus.tokens[i]); });
    out +=
        line("bytes per token", [&](size_t i) { return fmt::format("{:.3f}", ratio(corpus.bytes, corpus.tokens[i])); });
    out += line("characters per token",
                [&](size_t i) { return fmt::format("{:.3f}", ratio(corpus.characters, corpus.tokens[i])); });
    out += line("tokens, the first = 100 %",
                [&](size_t i) { return fmt::format("{:.1f} %", 100 * ratio(corpus.tokens[i], corpus.tokens[0])); });
  }
  return out;
}

std::string as_json(const std::vector<Encoding>& encodings, const std::vector<Corpus>& corpora) {
  JsonWriter json;
  json.begin_array();
  for (size_t i = 0; i < encodings.size(); ++i) {
    const Encoding& encoding = encodings[i];
    json.begin_object().field("name", encoding.name()).field("n_vocab", encoding.n_vocab());
    json.field("pattern", pattern_name(encoding.vocabulary().pattern));
    json.field("shared_with_first",
               static_cast<uint64_t>(shared_tokens(encoding.vocabulary(), encodings[0].vocabulary())));
    json.key("texts").begin_array();
    for (const Corpus& corpus : corpora) {
      json.begin_object().field("path", corpus.path).field("documents", corpus.documents).field("bytes", corpus.bytes);
      json.field("characters", corpus.characters).field("tokens", corpus.tokens[i]);
      json.field("bytes_a_token", ratio(corpus.bytes, corpus.tokens[i])).end_object();
    }
    json.end_array().end_object();
  }
  return json.end_array().take() + "\n";
}

void run(const VocabCompareFlags& flags) {
  std::vector<Encoding> encodings;
  for (const std::string& name : flags.names) encodings.push_back(load_encoding(name));
  std::vector<Corpus> corpora;
  for (const std::string& path : flags.texts) corpora.push_back(count_tokens(path, flags.text_key, encodings));
  flags.json ? print_out(as_json(encodings, corpora)) : print_report(as_table(encodings, corpora));
}

}  // namespace

void add_vocab_compare_command(CLI::App& parent) {
  CLI::App* command = parent.add_subcommand("compare", "Compare vocabularies: sizes, and bytes per token on texts");
  const auto flags = std::make_shared<VocabCompareFlags>();
  command->add_option("V", flags->names, "Vocabularies, as for --vocab")->required();
  command->add_option("--text", flags->texts, "A text, JSONL or WET file (repeatable)")
      ->type_name("FILE")
      ->allow_extra_args(false);
  command->add_option("--text-key", flags->text_key, "JSONL: key of the text")->capture_default_str();
  command->add_flag("--json", flags->json, "Print a JSON array");
  command->footer("Example:\n  ftok vocab compare gpt2 cl100k_base ftok-100k --text book.txt --text pages.jsonl.zst");
  command->callback([flags] { run(*flags); });
}

}  // namespace ftok::cli
