#include "pipeline/card.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <vector>

#include "core/error.h"
#include "core/json.h"
#include "core/shown.h"
#include "document/stats.h"
#include "filters/language.h"
#include "pipeline/card_texts.h"
#include "pipeline/make_plan.h"
#include "pipeline/recipe_config.h"
#include "shards/manifest.h"
#include "shards/text_line.h"

namespace ftok {
namespace fs = std::filesystem;

namespace {

constexpr size_t kInputsShown = 20;

std::string yaml(std::string_view text) {
  std::string out;
  append_json_string(out, text);  // YAML's double-quoted scalars take JSON's escapes
  return out;
}

// A cell of a table, and text outside code, without what Markdown would read.
std::string cell(std::string_view text) {
  std::string out;
  for (const char c : printable(std::string(text))) {
    if (c == '|' || c == '`' || c == '<' || c == '*' || c == '_' || c == '[') out += '\\';
    out += c;
  }
  return out;
}

// The hub's classes of size.
std::string size_category(uint64_t documents) {
  static constexpr const char* kUnits[] = {"", "K", "M", "B"};
  uint64_t low = 1000;
  if (documents < low) return "n<1K";
  for (size_t power = 3; power < 12; ++power, low *= 10) {
    if (documents >= low * 10) continue;
    const auto named = [](size_t digits) {
      return digits >= 12 ? std::string("1T")
                          : fmt::format("{}{}",
                                        digits % 3 == 0   ? 1
                                        : digits % 3 == 1 ? 10
                                                          : 100,
                                        kUnits[digits / 3]);
    };
    return fmt::format("{}<n<{}", named(power), named(power + 1));
  }
  return "n>1T";
}

// The languages that the recipe keeps, by their codes; none where it keeps all, or is no recipe of a run.
std::vector<std::string> languages_of(const Manifest& manifest) {
  std::set<std::string> languages;
  try {
    for (const RecipeEntry& entry : parse_recipe(manifest.recipe, "recipe").entries) {
      const auto* const options = entry.get<LanguageOptions>();
      if (options == nullptr || options->label_only) continue;
      for (const auto& [language, least] : options->languages) {
        if (language == "*") return {};
        languages.insert(language);
      }
    }
  } catch (const UsageError&) {  // of `ftok tokenize` or `ftok mix`
    return {};
  }
  return {languages.begin(), languages.end()};
}

// The kept texts, as the hub's loaders find them; empty: there are none.
std::string text_files(const std::string& folder) {
  std::string ending;
  const fs::path parts = fs::path(folder) / "parts";
  if (!fs::is_directory(parts)) return "";
  for (const auto& entry : fs::directory_iterator(parts)) {
    const std::string name = entry.path().filename().string();
    for (const char* const each : {".text.parquet", ".text.jsonl.zst"}) {
      if (name.ends_with(each)) ending = each;
    }
  }
  return ending.empty() ? "" : "parts/*" + ending;
}

std::vector<std::pair<std::string, uint64_t>> most_first(const std::map<std::string, uint64_t>& entries) {
  std::vector<std::pair<std::string, uint64_t>> sorted(entries.begin(), entries.end());
  std::stable_sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) { return a.second > b.second; });
  return sorted;
}

const char* hub_type(ParquetType type) {
  switch (type) {
    case ParquetType::kInteger:
    case ParquetType::kIntegers: return "int64";
    case ParquetType::kReal: return "float64";
    case ParquetType::kTruth: return "bool";
    default: return "string";
  }
}

// The members of lines of texts with their types, as the hub's loaders read them. A line leaves out what its document
// does not have, and the loaders would else take the first lines' members for those of all. Empty: of no recipe of a
// run.
std::string features(const Manifest& manifest) {
  TextOptions texts;
  std::string stopped_after;
  try {
    const RecipeConfig recipe = parse_recipe(manifest.recipe, "recipe");
    texts = text_options(recipe, false);
    stopped_after = recipe.output.stop_after;
  } catch (const UsageError&) {  // of `ftok tokenize` or `ftok mix`
    return "";
  }
  if (texts.format == TextFormat::kParquet) return "";
  std::string out = "  features:\n", indent = "  ";
  const auto add = [&](const std::string& name, ParquetType type) {
    const bool is_list = type == ParquetType::kTexts || type == ParquetType::kIntegers;
    out += fmt::format("{}- name: {}\n{}  {}: {}\n", indent, yaml(name), indent, is_list ? "list" : "dtype",
                       hub_type(type));
  };
  const bool is_dolma = texts.format == TextFormat::kDolma;
  if (is_dolma) {
    for (const char* const name : {"id", "text", "source", "added", "created"}) add(name, ParquetType::kText);
    out += "  - name: metadata\n    struct:\n";
    indent = "    ";
  }
  for (const ParquetField& column : text_columns(texts, stopped_after)) {
    if (!is_dolma || (column.name != "id" && column.name != "text")) add(column.name, column.type);
  }
  return out;
}

// `languages`: those that are there, else those that the recipe keeps.
std::string head(const std::string& folder, const Manifest& manifest, const std::vector<std::string>& languages,
                 const CardOptions& options, const std::string& name, uint64_t documents) {
  std::string out = fmt::format("---\npretty_name: {}\nlicense: {}\n", yaml(name), options.license);
  if (!languages.empty()) out += "language:\n";
  for (const std::string& language : languages) out += fmt::format("- {}\n", yaml(language));
  out += "task_categories:\n- text-generation\n";
  out += fmt::format("size_categories:\n- {}\ntags:\n- ftok\n", size_category(documents));
  if (const std::string files = text_files(folder); !files.empty()) {
    out += fmt::format("configs:\n- config_name: default\n  data_files:\n  - split: train\n    path: \"{}\"\n", files);
    out += features(manifest);
  }
  return out + "---\n";
}

void row(std::string& out, std::string_view what, uint64_t count, uint64_t of) {
  out +=
      fmt::format("| {} | {} | {} |\n", what, count,
                  of == 0 ? "" : fmt::format("{:.2f} %", 100.0 * static_cast<double>(count) / static_cast<double>(of)));
}

void counts(std::string& out, std::string_view what, const std::map<std::string, uint64_t>& entries, uint64_t of) {
  for (const auto& [name, count] : most_first(entries)) row(out, fmt::format("{} `{}`", what, name), count, of);
}

// The most frequent of them, and how many have none.
std::string of_texts(const char* heading, const char* what, const std::map<std::string, uint64_t>& entries,
                     uint64_t documents) {
  constexpr size_t kShown = 50;
  if (entries.empty()) return "";
  std::string out = fmt::format("## {}\n\n| {} | documents | share |\n|---|---|---|\n", heading, what);
  uint64_t with = 0;
  size_t shown = 0;
  for (const auto& [name, count] : most_first(entries)) {
    if (shown++ < kShown) row(out, cell(name), count, documents);
    with += count;
  }
  if (entries.size() > kShown) out += fmt::format("| and {} more | | |\n", entries.size() - kShown);
  if (with < documents) row(out, "none stated", documents - with, documents);
  return out + "\n";
}

std::string funnel(const Tally& tally) {
  std::string out = "## What became of every record\n\n| | number | share |\n|---|---|---|\n";
  row(out, "records", tally.records, 0);
  counts(out, "skipped:", tally.skipped, tally.records);
  row(out, "documents", tally.documents, 0);
  counts(out, "dropped:", tally.dropped, tally.documents);
  counts(out, "routed to", tally.routed, tally.documents);
  row(out, "**kept**", tally.kept, tally.documents);
  row(out, "tokens", tally.tokens, 0);
  return out + "\n";
}

// What `ftok mix` has counted.
std::string mixed_sources(std::string_view totals) {
  simdjson::dom::parser parser;
  simdjson::dom::array sources;
  if (parser.parse(totals.data(), totals.size())["sources"].get(sources) != simdjson::SUCCESS) return "";
  std::string out = "## Sources\n\n| source | documents | tokens | epochs |\n|---|---|---|---|\n";
  for (const simdjson::dom::element source : sources) {
    std::string_view name;
    uint64_t documents = 0, tokens = 0;
    double epochs = 0;
    if (source["name"].get(name) != simdjson::SUCCESS || source["epochs"].get(epochs) != simdjson::SUCCESS ||
        source["written_documents"].get(documents) != simdjson::SUCCESS ||
        source["written_tokens"].get(tokens) != simdjson::SUCCESS) {
      continue;
    }
    out += fmt::format("| {} | {} | {} | {:.3f} |\n", cell(name), documents, tokens, epochs);
  }
  return out + "\n";
}

std::string shards(const Manifest& manifest) {
  uint64_t tokens[2] = {0, 0}, number[2] = {0, 0};
  for (const ShardEntry& shard : manifest.shards) {
    tokens[static_cast<size_t>(shard.split)] += shard.tokens;
    number[static_cast<size_t>(shard.split)] += 1;
  }
  if (number[0] + number[1] == 0) return "";
  std::string out = fmt::format(
      "## Token shards\n\nFormat `{}`, vocabulary `{}` ({} tokens), end-of-text token {}.\n\n", manifest.shard_format,
      manifest.vocabulary.name, manifest.vocabulary.size, end_of_text_name(manifest.placement));
  out += "| split | shards | tokens |\n|---|---|---|\n";
  for (const Split split : kSplits) {
    const auto at = static_cast<size_t>(split);
    if (number[at] > 0) out += fmt::format("| {} | {} | {} |\n", split_name(split), number[at], tokens[at]);
  }
  return out + "\n";
}

std::string input_of(const std::string& report) {
  simdjson::dom::parser parser;
  std::string_view input;
  const bool has_name = parser.parse(report)["input"].get(input) == simdjson::SUCCESS;
  return has_name ? std::string(input) : "";
}

std::string provenance(const Manifest& manifest) {
  std::string out;
  if (!manifest.inputs.empty()) {
    out += fmt::format("## Inputs\n\n{} in all.\n\n", manifest.inputs.size());
    for (size_t i = 0; i < std::min(kInputsShown, manifest.inputs.size()); ++i)
      out += fmt::format("- {}\n", cell(input_of(manifest.inputs[i].report)));
    if (manifest.inputs.size() > kInputsShown) out += "- ...\n";
    out += "\n";
  }
  if (!manifest.digests.empty()) {
    out += "## Models and lists\n\n| what | digest |\n|---|---|\n";
    for (const auto& [name, digest] : manifest.digests) out += fmt::format("| {} | {} |\n", cell(name), cell(digest));
    out += "\n";
  }
  for (const std::string& note : manifest.notes) out += fmt::format("- {}\n", cell(note));
  if (!manifest.notes.empty()) out += "\n";
  // Of backticks inside no line begins with four.
  if (!manifest.recipe.empty()) out += fmt::format("## Recipe\n\n````toml\n{}````\n", manifest.recipe);
  return out;
}

}  // namespace

std::string data_card(const std::string& folder, const CardOptions& options) {
  const std::string path = folder + "/" + kManifestName;
  if (!fs::exists(path)) {
    throw Error(fmt::format("{} has no {}: a card is made of what a command has finished", folder, kManifestName));
  }
  const Manifest manifest = read_manifest(path);
  std::string name = options.name;
  if (name.empty()) name = fs::canonical(folder).filename().string();
  const Result<Tally> tally = parse_tally(manifest.totals);
  uint64_t documents = 0;
  for (const ShardEntry& shard : manifest.shards) documents += shard.documents;
  if (tally) documents = tally->kept;
  const TextCounts texts = count_texts(folder);
  std::vector<std::string> languages;
  for (const auto& [language, count] : most_first(texts.languages)) languages.push_back(language);
  if (languages.empty()) languages = languages_of(manifest);
  std::string out = head(folder, manifest, languages, options, name, documents);
  out += fmt::format("{}\n\n# {}\n\n", kCardMark, cell(name));
  const auto software = manifest.software.find("ftok");
  out += fmt::format("Made by ftok{}: the same inputs and recipe give the same bytes.\n",
                     software == manifest.software.end() ? "" : " " + software->second);
  if (!text_files(folder).empty())
    out += "\n```python\nfrom datasets import load_dataset\nload_dataset(\".\")  # this folder\n```\n";
  out += '\n';
  out += tally ? funnel(*tally) : mixed_sources(manifest.totals);
  out += of_texts("Languages", "language", texts.languages, texts.documents);
  out += of_texts("Licences that the pages state", "licence", texts.licenses, texts.documents);
  return out + shards(manifest) + provenance(manifest);
}

}  // namespace ftok
