#include "tools/ftok/vocabulary_source.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "core/error.h"
#include "core/file.h"
#include "core/text_file.h"
#include "tools/ftok/bundled.h"
#include "tools/ftok/models.h"
#include "tools/ftok/terminal.h"

namespace ftok::cli {

void VocabularyFlags::add_to(CLI::App& command) {
  command
      .add_option("--vocab", vocab,
                  "Vocabulary: a file (.tiktoken, tokenizer.json, vocab.bpe), a name, or NAME=FILE: FILE as the "
                  "published NAME")
      ->capture_default_str();
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

// The vocabulary of a model's name, or of a short form, by share/vocab/aliases.tsv; empty where it is no such name.
std::string alias_of(std::string_view name) {
  const std::string path = bundled_file("vocab/aliases.tsv");
  if (path.empty()) return {};
  const std::string table = read_text_file(path, 1 << 20);
  std::string_view best, vocabulary;
  for (size_t at = 0; at < table.size();) {
    const size_t end = std::min(table.find('\n', at), table.size());
    const std::string_view line = std::string_view(table).substr(at, end - at);
    at = end + 1;
    const size_t tab = line.find('\t');
    if (line.starts_with('#') || tab == std::string_view::npos) continue;
    const std::string_view alias = line.substr(0, tab);
    const bool fits = name.starts_with(alias) && (name.size() == alias.size() || name[alias.size()] == '-');
    if (fits && alias.size() > best.size()) best = alias, vocabulary = line.substr(tab + 1);
  }
  return std::string(vocabulary);
}

}  // namespace

VocabularyFile find_vocabulary(const std::string& name) {
  refuse_address(name);
  std::error_code code;
  if (std::filesystem::is_regular_file(name, code)) return {name, ""};
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
  if (!names_of_same_ranks(name).empty()) {
    throw UsageError(fmt::format(
        "--vocab {0}: its ranks have not been fetched (`ftok vocab list` shows which can be); {0}=FILE takes them "
        "from a file",
        name));
  }
  if (const std::string vocabulary = alias_of(name); !vocabulary.empty()) return find_vocabulary(vocabulary);
  throw UsageError(
      fmt::format("--vocab {}: no such file, and no bundled vocabulary of that name (there are: {}); "
                  "`ftok models get` fetches published ones",
                  name, fmt::join(bundled_vocabularies(), ", ")));
}

Vocabulary load_named_vocabulary(const std::string& name, VocabularyHints hints) {
  const VocabularyFile file = find_vocabulary(name);
  hints.name = file.published;
  Vocabulary vocabulary = load_vocabulary(file.path, hints);
  for (const std::string& warning : vocabulary.warnings) stderr_log()(LogLevel::kWarning, warning);
  return vocabulary;
}

Encoding load_encoding(const std::string& name, VocabularyHints hints) {
  return Encoding(load_named_vocabulary(name, std::move(hints)));
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
  if (std::filesystem::is_regular_file(name, code)) return parse_chat_template(read_text_file(name, 1 << 20), name);
  throw UsageError(
      fmt::format("{}: got '{}', expected {}, or a JSON file", flag, name, fmt::join(chat_template_names(), ", ")));
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
