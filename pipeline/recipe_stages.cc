#include "pipeline/recipe_stages.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "core/error.h"
#include "core/nearest_name.h"
#include "pipeline/stage_kinds.h"

namespace ftok {
namespace {

// Of a recipe: no stage can bear these names.
constexpr std::string_view kOtherSections[] = {"input", "shards", "text", "output"};

// What inputs may bring: nobody needs to have given it.
constexpr unsigned kFromInputs = kPayload | kText;

// `kind` of a section, which says what stage it is of.
struct KindName {
  std::string kind;
  void visit(OptionVisitor& visitor) {
    visitor.field("kind", kind, "the kind of stage this is (`ftok recipe kinds`); without it: the section's name");
  }
};

// `only` of a section.
struct OnlyNames {
  std::vector<std::string> only;
  void visit(OptionVisitor& visitor) { visitor.field("only", only, kOnlyHelp); }
};

// A section: `kind` where it is not the section's name, `only` where it is set, then the options.
struct Section {
  std::string kind;
  std::vector<std::string> only;
  StageOptions& options;
  void visit(OptionVisitor& visitor) {
    if (!kind.empty()) KindName{kind}.visit(visitor);
    if (!only.empty()) OnlyNames{only}.visit(visitor);
    options.visit(visitor);
  }
};

[[noreturn]] void refuse_stages(const std::string& message) { throw UsageError("recipe: stages: " + message); }

void check_name(const std::string& name) {
  const bool good = !name.empty() && name.size() <= 40 && name[0] >= 'a' && name[0] <= 'z' &&
                    name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") == std::string::npos;
  if (!good) refuse_stages(fmt::format("'{}' is not a name: expected lower-case letters, digits and _", name));
  if (std::find(std::begin(kOtherSections), std::end(kOtherSections), name) != std::end(kOtherSections)) {
    refuse_stages(fmt::format("'{}' cannot name a stage: [{}] is another section of the recipe", name, name));
  }
}

const StageKind& kind_of(const std::string& name, RecipeLayers& layers) {
  KindName named;
  layers.section(name, named);
  const StageKind* const own = find_stage_kind(name);
  if (own != nullptr) {
    if (!named.kind.empty() && named.kind != name) {
      refuse_stages(
          fmt::format("'{}' is of kind '{}': a stage that bears the name of a kind is of that kind", name, named.kind));
    }
    return *own;
  }
  const std::string& wanted = named.kind.empty() ? name : named.kind;
  if (const StageKind* kind = find_stage_kind(wanted)) {
    if (kind->is_dedup())
      refuse_stages(fmt::format("'{}' is of kind '{}', which may be listed once, under that name", name, wanted));
    return *kind;
  }
  std::vector<std::string> names;
  for (const StageKind* kind : stage_kinds()) names.emplace_back(kind->name);
  const std::string nearest = nearest_name(wanted, names);
  const std::string what = named.kind.empty() ? fmt::format("'{}' is not a kind of stage", name)
                                              : fmt::format("'{}' is of kind '{}', which does not exist", name, wanted);
  const std::string instead = nearest.empty() ? fmt::format("expected {}", fmt::join(names, ", "))
                                              : fmt::format("the nearest is '{}'", nearest);
  refuse_stages(fmt::format("{}; {} (a name of your own needs kind = \"...\" in [{}])", what, instead, name));
}

// Deduplication behind all that is listed but the kinds that come after it.
std::vector<std::string> with_dedup(std::vector<std::string> names, RecipeLayers& layers) {
  std::vector<std::string> late;
  for (const std::string& name : names) {
    const StageKind& kind = kind_of(name, layers);
    if (kind.is_dedup()) return names;
    if (kind.after_dedup) late.push_back(name);
  }
  std::erase_if(names, [&](const std::string& name) { return kind_of(name, layers).after_dedup; });
  for (const StageKind* kind : stage_kinds()) {
    if (kind->is_dedup()) names.emplace_back(kind->name);
  }
  names.insert(names.end(), late.begin(), late.end());
  return names;
}

// A kind that is not listed and that the recipe itself nevertheless tells what to do: most likely forgotten in
// `stages`. What presets say of it does no harm, nor what a file says where --set gives other stages.
void read_unlisted(const StageKind& kind, RuleSet rules, RecipeLayers& layers) {
  const std::unique_ptr<StageOptions> options = kind.options(rules);
  const std::string name(kind.name);
  layers.section(name, *options);  // a mistake in it is named first
  OnlyNames only;
  layers.section(name, only);
  const std::string set = layers.readers.back()->set_in(name, "stages");
  if (set.empty()) return;
  throw UsageError(
      fmt::format("recipe: {} is set, and stages does not list '{}', so that it would do nothing; add '{}' "
                  "to stages",
                  set == name ? "[" + name + "]" : set, name, name));
}

// Whether an entry from `first` on gives the content.
bool given_from(const std::vector<RecipeEntry>& entries, size_t first, unsigned content) {
  return std::any_of(entries.begin() + static_cast<std::ptrdiff_t>(first), entries.end(),
                     [&](const RecipeEntry& entry) { return (entry.kind->gives & content) != 0; });
}

std::string needs_text(const RecipeEntry& entry, unsigned content) {
  return fmt::format("'{}' needs {}", entry.name, content_name(content));
}

// Why `entry` cannot stand behind `before`: `missing` is one Content that it needs and does not find.
[[noreturn]] void refuse_order(const std::vector<RecipeEntry>& entries, size_t at, unsigned missing) {
  const RecipeEntry& entry = entries[at];
  for (size_t i = at; i-- > 0;) {
    if ((entries[i].kind->uses_up & missing) == 0) continue;
    refuse_stages(fmt::format("{}, and after '{}' there is none", needs_text(entry, missing), entries[i].name));
  }
  for (size_t i = at + 1; i < entries.size(); ++i) {
    if ((entries[i].kind->gives & missing) == 0) continue;
    refuse_stages(fmt::format("{}, which '{}' gives: put it after that", needs_text(entry, missing), entries[i].name));
  }
  const std::string advice = fmt::format("put a stage of kind {} before it", kinds_that_give(missing));
  if (!entry.kind->is_dedup()) refuse_stages(fmt::format("{}: {}", needs_text(entry, missing), advice));
  refuse_stages(fmt::format("{}: {}, or set dedup.scope to \"off\" (it runs behind all stages of a list without it)",
                            needs_text(entry, missing), advice));
}

}  // namespace

std::vector<RecipeEntry> read_entries(const std::vector<std::string>& names, RuleSet rules, RecipeLayers& layers) {
  for (const std::string& name : names) check_name(name);
  std::vector<RecipeEntry> entries;
  std::set<std::string> seen;
  for (const std::string& name : with_dedup(names, layers)) {
    if (!seen.insert(name).second) {
      refuse_stages(fmt::format("'{}' is listed twice; a second one needs a name of its own and kind = \"...\"", name));
    }
    const StageKind& kind = kind_of(name, layers);
    entries.emplace_back(name, kind, kind.options(rules));
    layers.section(name, *entries.back().options);
    OnlyNames only;
    layers.section(name, only);
    entries.back().only = std::move(only.only);
  }
  for (const StageKind* kind : stage_kinds()) {
    if (!seen.contains(std::string(kind->name))) read_unlisted(*kind, rules, layers);
  }
  return entries;
}

void write_entries(std::vector<RecipeEntry>& entries, RecipeWriter& writer) {
  for (RecipeEntry& entry : entries) {
    Section section{entry.name == entry.kind->name ? "" : std::string(entry.kind->name), entry.only, *entry.options};
    writer.section(entry.name, section);
  }
}

void check_order(const std::vector<RecipeEntry>& entries, size_t first, size_t end) {
  unsigned made = kNoContent, used_up = kNoContent;  // by the entries before
  for (size_t at = 0; at < first; ++at) made |= entries[at].kind->gives & (kText | kLanguage);
  if (first > 0) made |= kText, used_up = kPayload | kHtml;
  for (size_t at = first; at < end; ++at) {
    const RecipeEntry& entry = entries[at];
    const unsigned needs = entry.kind->needs | entry.options->more_needs();
    for (unsigned content = 1; content <= needs; content <<= 1) {
      const bool from_input = (kFromInputs & ~used_up & content) != 0 && !given_from(entries, at + 1, content);
      if ((needs & content) != 0 && (made & content) == 0 && !from_input) refuse_order(entries, at, content);
    }
    made = (made | entry.kind->gives) & ~entry.kind->uses_up;
    used_up |= entry.kind->uses_up;
  }
}

}  // namespace ftok
