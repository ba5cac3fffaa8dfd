// MixRecipe from TOML and back.
#include <fmt/format.h>

#include <set>

#include "core/error.h"
#include "core/recipe.h"
#include "core/text_file.h"
#include "pipeline/mix.h"

namespace ftok {

void MixSource::visit(OptionVisitor& visitor) {
  visitor.field("name", name, "of the source in the report, and what its documents are shuffled by");
  visitor.field("paths", paths, "texts, folders of ftok run, shards or folders of shards; globs of files");
  visitor.choice("take", take, {"auto", "texts", "shards"}, "of a folder of ftok run; auto: the shards");
  visitor.field("weight", weight, "share of the budget, among the weights of all sources");
  visitor.field("epochs_max", epochs_max,
                "passes over the source at most; 4: up to there repeated data is nearly as good as new (Muennighoff et "
                "al. 2023)");
  visitor.field("host_tokens_max", host_tokens_max,
                "tokens of one host in a pass, the first that come; 0: no cap (texts with a url)");
  visitor.field("score", score, "a number of each text, by which documents fall into buckets");
  visitor.field("bounds", bounds, "where the score is divided, numbers, ascending");
  visitor.field("repeats", repeats,
                "for each bucket, one more than bounds: how often a document comes in a pass; 1.5: every other twice");
  visitor.field("text_key", text_key, "key, or column, of the text");
  visitor.field("id_key", id_key, "key, or column, of the id");
  visitor.field("shard_format", shard_format, "of shards that do not say it; auto: as the file says");
  visitor.choice("token_bytes", token_bytes, {"auto", "2", "4"}, "of shards that do not say it");
  visitor.choice("end_of_text", end_of_text, {"auto", "before", "after", "none"},
                 "where it is in shards without a manifest; auto: where their format has it");
}

void MixOptions::visit(OptionVisitor& visitor) {
  visitor.field("seed", seed, "of the shuffle");
  visitor.field("pack_tokens", pack_tokens,
                "sequences of so many tokens, in which documents that fit are whole (best fit); 0: no sequences");
}

namespace {

void check(const MixRecipe& recipe) {
  if (recipe.sources.empty()) throw UsageError("mix: there is no [[mix.source]]");
  std::set<std::string> names;
  for (const MixSource& source : recipe.sources) {
    if (source.name.empty()) throw UsageError("mix: a source has no name");
    const auto refuse = [&](const std::string& what) {
      throw UsageError(fmt::format("mix: source {}: {}", source.name, what));
    };
    if (!names.insert(source.name).second) refuse("there are two of this name");
    if (source.paths.empty()) refuse("paths: there are none");
    if (!(source.weight > 0)) refuse(fmt::format("weight: {} is not above 0", source.weight));
    if (!(source.epochs_max > 0)) refuse(fmt::format("epochs_max: {} is not above 0", source.epochs_max));
    if (source.score.empty() && !(source.bounds.empty() && source.repeats.empty()))
      refuse("bounds and repeats are of a score, and it names none");
    if (!source.score.empty() && source.repeats.size() != source.bounds.size() + 1) {
      refuse(fmt::format("repeats: {} numbers, expected {}, one more than bounds", source.repeats.size(),
                         source.bounds.size() + 1));
    }
  }
}

}  // namespace

MixRecipe load_mix(const std::string& path, const std::vector<std::string>& sets) {
  constexpr uint64_t kBytesMax = uint64_t{16} << 20;
  RecipeReader reader(read_text_file(path, kBytesMax), path);
  for (const std::string& assignment : sets) reader.set(assignment);
  MixRecipe recipe;
  reader.section("mix", recipe.mix);
  reader.list("mix", "source", recipe.sources);
  reader.section("shards", recipe.shards);
  reader.finish();
  if (recipe.shards.shuffle != 0) throw UsageError("mix: shards.shuffle: a mix is shuffled, by mix.seed");
  check(recipe);
  return recipe;
}

std::string mix_text(MixRecipe recipe) {
  RecipeWriter writer(false);
  writer.section("mix", recipe.mix);
  writer.list("mix", "source", recipe.sources);
  writer.section("shards", recipe.shards);
  return writer.text();
}

}  // namespace ftok
