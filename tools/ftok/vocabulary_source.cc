#include "tools/ftok/vocabulary_source.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <utility>

#include "core/error.h"
#include "core/file.h"
#include "core/nearest_name.h"
#include "core/text_file.h"
#include "tools/ftok/bundled.h"
#include "tools/ftok/model_chat.h"
#include "tools/ftok/models.h"
#include "tools/ftok/terminal.h"

namespace ftok::cli {

void VocabularyFlags::add_to(CLI::App& command) {
  command
      .add_option(
          "-v,--vocab", vocab,
          "Vocabulary: a name (gpt2, gpt-4, ftok-50k), a file (.tiktoken, tokenizer.json, vocab.bpe), a model's "
          "folder with tokenizer.json, or NAME=FILE: FILE as the published NAME")
      ->capture_default_str()
      ->type_name("V");
  command.add_option(
      "--pattern", pattern,
      fmt::format("Pre-tokenisation pattern of a file that does not name it: {}", fmt::join(pattern_names(), ", ")));
  command.add_option("--special", specials, "A special token of such a file, NAME=ID (repeatable)")
      ->allow_extra_args(false);
}

VocabularyHints VocabularyFlags::hints() const {
  VocabularyHints hints;
  if (!pattern.empty()) {
    hints.pattern = pattern_of_name(pattern);
    if (!hints.pattern) {
      throw UsageError(fmt::format("--pattern {}: expected one of {}", pattern, fmt::join(pattern_names(), ", ")));
    }
  }
  for (const std::string& special : specials) {
    const size_t equals = special.rfind('=');
    const std::string digits = equals == std::string::npos ? "" : special.substr(equals + 1);
    if (digits.empty() || digits.size() > 7 || digits.find_first_not_of("0123456789") != std::string::npos ||
        equals == 0) {
      throw UsageError(fmt::format("--special {}: expected NAME=ID", special));
    }
    hints.specials.push_back({special.substr(0, equals), static_cast<uint32_t>(std::stoul(digits))});
  }
  return hints;
}

namespace {

// Names of models and short forms, each with its vocabulary: share/vocab/aliases.tsv.
std::vector<std::pair<std::string, std::string>> aliases() {
  std::vector<std::pair<std::string, std::string>> all;
  const std::string path = bundled_file("vocab/aliases.tsv");
  const std::string table = path.empty() ? "" : read_text_file(path, 1 << 20);
  for (size_t at = 0; at < table.size();) {
    const size_t end = std::min(table.find('\n', at), table.size());
    const std::string line = table.substr(at, end - at);
    at = end + 1;
    const size_t tab = line.find('\t');
    if (!line.starts_with('#') && tab != std::string::npos) all.emplace_back(line.substr(0, tab), line.substr(tab + 1));
  }
  return all;
}

// The vocabulary that such a name stands for, the longest that `name` begins with; empty where it is none. Behind one
// that ends in "*" there may be anything.
std::string alias_of(std::string_view name) {
  std::string best, vocabulary;
  for (const auto& [alias, of] : aliases()) {
    const std::string_view stem = std::string_view(alias).substr(0, std::min(alias.find('*'), alias.size()));
    const bool is_open = stem.size() < alias.size() || name.size() == stem.size();
    const bool fits = name.starts_with(stem) && (is_open || name[stem.size()] == '-');
    if (fits && alias.size() > best.size()) best = alias, vocabulary = of;
  }
  return vocabulary;
}

// The vocabulary's file in a folder of Hugging Face's, or of GPT-2's.
std::string file_of_folder(const std::string& folder) {
  std::error_code code;
  for (const char* const file : {"tokenizer.json", "vocab.bpe"}) {
    std::string path = (std::filesystem::path(folder) / file).string();
    if (std::filesystem::is_regular_file(path, code)) return path;
  }
  const bool is_sentencepiece = std::filesystem::exists(std::filesystem::path(folder) / "tokenizer.model", code);
  throw UsageError(fmt::format("--vocab {}: the folder holds no tokenizer.json{}", folder,
                               is_sentencepiece ? ", and a tokenizer.model cannot be read: save the tokenizer with "
                                                  "transformers' AutoTokenizer, which writes one"
                                                : ""));
}

// What a name that is no vocabulary's is told: the nearest that there is, or all.
[[noreturn]] void refuse_name(const std::string& name) {
  std::vector<std::string> names = bundled_vocabularies();
  const std::string bundled = fmt::format("{}", fmt::join(names, ", "));
  for (const std::string& published : published_vocabularies()) names.push_back(published);
  for (const Model& model : known_models()) {
    if (is_vocabulary(model)) names.push_back(model.name);
  }
  for (const auto& [alias, of] : aliases()) names.push_back(alias.substr(0, alias.find('*')));
  const std::string nearest = nearest_name(name, names);
  throw UsageError(
      nearest.empty()
          ? fmt::format("--vocab {}: no such file, and no vocabulary of that name (bundled: {}; `ftok vocab "
                        "list` shows all)",
                        name, bundled)
          : fmt::format("--vocab {}: no such file or vocabulary, did you mean {}?", name, nearest));
}

// A published vocabulary whose ranks are not on this machine. `shown` is the name that was given.
[[noreturn]] void refuse_not_fetched(const std::string& shown, const std::string& name) {
  std::vector<std::string_view> names = names_of_same_ranks(name);
  names.emplace_back(name);
  for (const std::string_view same : names) {
    for (const Model& model : known_models()) {
      if (model.name == same && is_vocabulary(model))
        throw UsageError(fmt::format(
            "--vocab {}: `ftok vocab get {}` fetches it{}", shown, same,
            names_of_same_ranks(name).empty() ? "" : fmt::format(" (or {}=FILE takes a file you have)", name)));
    }
  }
  throw UsageError(fmt::format(
      "--vocab {0}: ftok cannot fetch its ranks; {1}=FILE takes them from a file, or --vocab names the model's folder "
      "with tokenizer.json",
      shown, name));
}

// A published vocabulary is told by `shown`, the name that was given for it.
VocabularyFile find_named_vocabulary(const std::string& name, const std::string& shown) {
  refuse_address(name);
  std::error_code code;
  if (std::filesystem::is_regular_file(name, code)) return {name, ""};
  const bool is_folder = std::filesystem::is_directory(name, code);
  if (is_folder && name.find_first_of("/=") != std::string::npos) return {file_of_folder(name), ""};
  if (const size_t equals = name.find('='); equals != std::string::npos) {
    const std::string published = name.substr(0, equals), path = name.substr(equals + 1);
    if (names_of_same_ranks(published).empty()) {
      throw UsageError(fmt::format("--vocab {}: {} is not a published vocabulary (there are: {})", name, published,
                                   fmt::join(published_vocabularies(), ", ")));
    }
    if (!std::filesystem::is_regular_file(path, code))
      throw UsageError(fmt::format("--vocab {}: no file {}", name, path));
    return {path, published};
  }
  const std::string bundled = bundled_file("vocab/" + name + ".tiktoken");
  if (!bundled.empty()) return {bundled, ""};
  if (const std::string fetched = fetched_model(name); !fetched.empty()) return {fetched, ""};
  for (const std::string_view same : names_of_same_ranks(name)) {
    if (const std::string fetched = fetched_model(std::string(same)); !fetched.empty()) return {fetched, name};
  }
  if (is_folder) return {file_of_folder(name), ""};
  for (const Model& model : known_models()) {
    if (model.name == name && is_vocabulary(model)) refuse_not_fetched(shown, name);
  }
  if (!names_of_same_ranks(name).empty()) refuse_not_fetched(shown, name);
  if (const std::string vocabulary = alias_of(name); !vocabulary.empty())
    return find_named_vocabulary(vocabulary, shown);
  refuse_name(shown);
}

}  // namespace

Model vocabulary_to_fetch(const std::string& name) {
  std::vector<std::string> names;
  for (const Model& model : known_models()) {
    if (model.name != name && is_vocabulary(model)) names.push_back(model.name);
    if (model.name != name) continue;
    if (is_vocabulary(model)) return model;
    throw UsageError(fmt::format("{} is not a vocabulary; `ftok models get {}` fetches it", name, name));
  }
  if (!bundled_file("vocab/" + name + ".tiktoken").empty())
    throw UsageError(fmt::format("{} is bundled: there is nothing to fetch", name));
  const std::vector<std::string_view> same_ranks = names_of_same_ranks(name);
  for (const std::string_view same : same_ranks) {
    if (std::find(names.begin(), names.end(), same) != names.end()) return model_named(std::string(same));
  }
  if (!same_ranks.empty()) {
    throw UsageError(
        fmt::format("{0}: ftok cannot fetch its ranks; --vocab {0}=FILE takes them from a file, or --vocab "
                    "names the model's folder with tokenizer.json",
                    name));
  }
  if (const std::string vocabulary = alias_of(name); !vocabulary.empty()) return vocabulary_to_fetch(vocabulary);
  const std::string nearest = nearest_name(name, names);
  throw UsageError(fmt::format("unknown vocabulary '{}'{}; there are {}", name,
                               nearest.empty() ? "" : ", did you mean '" + nearest + "'?", fmt::join(names, ", ")));
}

std::string called_by_folder(const std::string& file) {
  const std::filesystem::path path(file);
  if (path.filename() != "tokenizer.json") return "";
  return path.has_parent_path() ? path.parent_path().string() : file;
}

VocabularyFile find_vocabulary(const std::string& name) { return find_named_vocabulary(name, name); }

Vocabulary load_named_vocabulary(const std::string& name, VocabularyHints hints) {
  const VocabularyFile file = find_vocabulary(name);
  hints.name = file.published;
  Vocabulary vocabulary = load_vocabulary(file.path, hints);
  if (std::string called = called_by_folder(file.path); !called.empty()) vocabulary.name = std::move(called);
  for (const std::string& warning : vocabulary.warnings) stderr_log()(LogLevel::kWarning, warning);
  return vocabulary;
}

Encoding load_encoding(const std::string& name, VocabularyHints hints) {
  return Encoding(load_named_vocabulary(name, std::move(hints)));
}

std::optional<std::string> vocabulary_digest(const std::string& name) {
  try {
    return load_encoding(name).digest();
  } catch (const Error&) {
    return std::nullopt;
  }
}

Vocabulary load_named_vocabulary(const std::string& name, const VocabularyFlags& flags) {
  try {
    return load_named_vocabulary(name, flags.hints());
  } catch (const UnknownPattern& error) {
    throw UsageError(
        fmt::format("{}; give --pattern ({}) and --special NAME=ID", error.what(), fmt::join(pattern_names(), ", ")));
  }
}

Encoding load_encoding(const VocabularyFlags& flags) { return Encoding(load_named_vocabulary(flags.vocab, flags)); }

std::vector<std::string> published_vocabularies() {
  std::vector<std::string> names;
  for (const KnownVocabulary& known : known_vocabularies()) names.emplace_back(known.name);
  return names;
}

ChatTemplate find_chat_template(const std::string& name, const std::string& flag) {
  if (const std::optional<ChatTemplate> known = chat_template_of_name(name)) return *known;
  std::error_code code;
  if (std::filesystem::is_regular_file(name, code)) return parse_chat_template(read_text_file(name, 1 << 22), name);
  if (std::filesystem::is_directory(name, code)) {
    if (std::optional<ModelChat> own = read_model_chat(name)) return std::move(own->form);
    throw UsageError(fmt::format("{}: {} has no chat template", flag, name));
  }
  throw UsageError(fmt::format("{}: got '{}', expected {}, a JSON file, or a folder with a chat template", flag, name,
                               fmt::join(chat_template_names(), ", ")));
}

std::vector<std::string> bundled_vocabularies() {
  std::vector<std::string> names;
  const std::string folder = bundled_file("vocab");
  if (folder.empty()) return names;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() == ".tiktoken") names.push_back(entry.path().stem().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace ftok::cli
