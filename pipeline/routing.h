// Routing (output.by): which corpus a document belongs to, of several that one run or job makes of its inputs, each
// with deduplication and shards of its own in a folder of its own.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "document/stage.h"
#include "pipeline/recipe_config.h"

namespace ftok {

// OUTPUT/corpora/NAME
inline constexpr char kCorporaFolder[] = "corpora";
std::string corpus_folder(const std::string& output, const std::string& corpus);

// Whether the entry may give documents this score.
bool gives_score(const RecipeEntry& entry, const std::string& score);

// Throws UsageError naming `key` unless documents may bear `language` behind the stage `language` of the entries before
// `end`, where that keeps but the languages that it names.
void check_language_name(const RecipeConfig& recipe, size_t end, const std::string& key, const std::string& language);

class Routing {
 public:
  Routing() = default;  // there is one corpus: nothing is routed

  // Throws UsageError naming the key of [output] that is wrong.
  explicit Routing(const RecipeConfig& recipe);

  // The corpora's names, each that of a folder: the languages, or for bounds 0.2 and 0.5 "below-0.2", "0.2-0.5" and
  // "from-0.5". Empty where nothing is routed.
  const std::vector<std::string>& corpora() const { return corpora_; }

  // The number of the document's corpus; none, and why as a verdict (output.no_corpus), where it belongs to none.
  std::optional<size_t> corpus_of(const Document& document, Verdict& verdict) const;

 private:
  void read_bounds(const OutputOptions& options);

  std::string score_;  // empty: by language
  std::vector<double> bounds_;
  std::vector<std::string> corpora_;
};

}  // namespace ftok
