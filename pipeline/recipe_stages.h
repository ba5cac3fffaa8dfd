// RecipeStages: the `stages` of a recipe as an ordered list of entries, and the check that their order makes sense.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/recipe.h"
#include "document/stage_kind.h"

namespace ftok {

// What the key `only` of a stage's section says.
inline constexpr char kOnlyHelp[] = "look at documents of these languages, or with output.by of these corpora, alone";

// One stage of a recipe: an entry of `stages` and its section.
struct RecipeEntry {
  std::string name;
  const StageKind* kind = nullptr;  // one of stage_kinds()
  std::unique_ptr<StageOptions> options;
  std::vector<std::string> only;  // languages, or with output.by corpora, that the stage looks at; empty: all

  RecipeEntry(std::string name_in, const StageKind& kind_in, std::unique_ptr<StageOptions> options_in)
      : name(std::move(name_in)), kind(&kind_in), options(std::move(options_in)) {}
  RecipeEntry(const RecipeEntry& other) : RecipeEntry(other.name, *other.kind, other.options->clone()) {
    only = other.only;
  }
  RecipeEntry(RecipeEntry&&) = default;
  RecipeEntry& operator=(RecipeEntry&&) = default;

  bool idle() const { return options->idle(); }
  // The options, when they are of that type; else null.
  template <typename Options>
  const Options* get() const {
    const auto* typed = dynamic_cast<const StageOptionsOf<Options>*>(options.get());
    return typed == nullptr ? nullptr : &typed->value;
  }
};

// The TOML texts that a recipe is read from, each over the one before: those of its preset, and its own.
struct RecipeLayers {
  std::vector<RecipeReader*> readers;  // the recipe's own is the last
  std::vector<std::unique_ptr<RecipeReader>> own;

  template <typename Options>
  void section(const std::string& name, Options& options) {
    for (RecipeReader* reader : readers) reader->section(name, options);
  }
};

// Makes the entries that `names` lists out of a recipe's sections; `rules` gives the defaults. Where deduplication is
// not listed it is put at the end, and after it the kinds that run after it, as recipes had it before deduplication
// was an entry. Sections of kinds that are not listed are read too, so that a mistake in them is found. Throws
// UsageError naming the entry.
std::vector<RecipeEntry> read_entries(const std::vector<std::string>& names, RuleSet rules, RecipeLayers& layers);

// The entries' sections, each under its name; with `kind` where that is another, and `only` where it is set.
void write_entries(std::vector<RecipeEntry>& entries, RecipeWriter& writer);

// Walks the entries [first, end) over what their kinds need and give; of what those before `first` gave, documents have
// their text and its language. Throws UsageError naming the first entry that cannot stand where it stands, and what it
// needs.
void check_order(const std::vector<RecipeEntry>& entries, size_t first, size_t end);

}  // namespace ftok
