#include "pipeline/make_plan.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/error.h"
#include "filters/classifier.h"
#include "pipeline/chosen_stage.h"
#include "pipeline/shard_settings.h"
#include "shards/checksum.h"

namespace ftok {
namespace {

constexpr char kAgainst[] = "dedup-against";             // among digests: of the keys of earlier documents
constexpr int64_t kRowGroupBytesMax = int64_t{1} << 30;  // a writer holds a row group

void load_vocabulary(const PlanOptions& options, const RecipeConfig& recipe, Plan& plan) {
  Vocabulary vocabulary = ftok::load_vocabulary(options.vocabulary, options.vocabulary_hints);
  if (!options.vocabulary_called.empty()) vocabulary.name = options.vocabulary_called;
  plan.encoding = std::make_shared<const Encoding>(std::move(vocabulary));
  const std::vector<std::string>& warnings = plan.encoding->vocabulary().warnings;
  plan.notes.insert(plan.notes.end(), warnings.begin(), warnings.end());
  if (std::string note = note_of_surrounding_tokens(*plan.encoding); !note.empty())
    plan.notes.push_back(std::move(note));
  plan.vocabulary_name = plan.encoding->name();
  plan.vocabulary_digest = plan.encoding->digest();
  plan.shards = shard_writer_options(recipe.shards, *plan.encoding, "shards.");
  plan.validation_per_mille = recipe.shards.validation_per_mille;
  if (recipe.shards.shuffle > 0) plan.shuffle = static_cast<uint64_t>(recipe.shards.shuffle);
}

// What a folder is bound to: everything that decides the bytes in it, and nothing else (not threads, not memory).
std::string binding_of(const Plan& plan, const PlanOptions& options, const std::string& corpus) {
  std::string out = plan.recipe;  // its last section is [output]
  const char* rejects = options.rejects == Rejects::kNone ? "none" : options.rejects == Rejects::kIds ? "ids" : "text";
  out += fmt::format("rejects = \"{}\"\ntext = {}\n", rejects, options.text);
  if (!corpus.empty()) out += fmt::format("corpus = \"{}\"\n", corpus);
  out += "\n[digests]\n";
  if (!plan.encoding) out += "vocabulary = \" \"\n";
  for (const std::string& line : plan.digest_lines()) out += line + "\n";
  return out;
}

void add_provenance(const Stage& stage, Plan& plan) {
  Provenance provenance;
  stage.describe(provenance);
  for (const auto& [name, path] : provenance.files) plan.digests[name] = checksum_of_file(path);
  plan.digests.merge(provenance.digests);
  plan.notes.insert(plan.notes.end(), provenance.notes.begin(), provenance.notes.end());
}

// The score that decides which document is kept is given before it is decided.
void check_score(const std::string& classifier, const RecipeConfig& recipe) {
  if (classifier.empty()) return;
  for (const RecipeEntry& entry : recipe.entries) {
    if (entry.get<DeduplicatorOptions>() != nullptr) break;
    if (entry.name == classifier && entry.get<ClassifierOptions>() != nullptr && !entry.idle()) return;
  }
  throw UsageError(fmt::format("dedup.score: no classifier '{}' that runs stands before dedup in stages", classifier));
}

// The fields that documents may have before the entry `end`: the inputs', then in the order in which stages give them.
NamedFields named_fields(const RecipeConfig& recipe, size_t end) {
  recipe.input.fields.check("recipe: input");
  NamedFields named = recipe.input.fields;
  for (size_t at = 0; at < end; ++at) {
    const RecipeEntry& entry = recipe.entries[at];
    if (entry.idle()) continue;
    named.add(entry.options->named_fields(entry.name));
  }
  return named;
}

void make_stages(const RecipeConfig& recipe, const PlanOptions& options, Plan& plan) {
  const bool second_half = !options.vocabulary.empty();
  const RecipeConfig::Range running = recipe.running();
  bool late = false;
  plan.dedup.scope = "off";  // unless deduplication runs
  for (const RecipeEntry& entry : recipe.entries) {
    const auto at = static_cast<size_t>(&entry - recipe.entries.data());
    if (at >= running.end) break;
    if (at < running.first) {
      late = late || entry.kind->is_dedup();
      continue;
    }
    if (const auto* dedup = entry.get<DeduplicatorOptions>()) {
      plan.dedup = *dedup;
      plan.dedup.keeper.check();
      check_score(plan.dedup.keeper.score, recipe);
      plan.key_layout.ranked = dedup->ranks();
      plan.key_layout.urls = dedup->urls();
      late = true;
      continue;
    }
    if (entry.idle()) continue;
    const auto* minhash = entry.get<MinHashOptions>();
    if (minhash != nullptr && !late) plan.key_layout = MinHashStage(*minhash).layout();
    const bool runs_late = late && (second_half || entry.kind->after_dedup);
    if (options.part != PlanPart::kAll && options.part != (runs_late ? PlanPart::kCommit : PlanPart::kExtraction))
      continue;
    StageContext context = options.context;
    context.name = entry.name;
    context.fields = named_fields(recipe, at);
    std::unique_ptr<const Stage> stage =
        chosen_stage(make_stage(*entry.kind, *entry.options, context), entry.only, recipe);
    add_provenance(*stage, plan);
    (runs_late ? plan.late_stages : plan.stages).push_back(std::move(stage));
  }
}

}  // namespace

TextOptions text_options(const RecipeConfig& recipe, bool writes) {
  TextOptions texts;
  texts.format = parse_text_format(recipe.text.format);
  if (writes && texts.format == TextFormat::kParquet) require_arrow("text.format = parquet");
  if (texts.format == TextFormat::kDolma && recipe.output.stops()) {
    throw UsageError(
        "recipe: text.format: dolma has no place for all that a later run goes on from (output.stop_after); use jsonl "
        "or parquet");
  }
  if (recipe.text.row_group_bytes < 1 || recipe.text.row_group_bytes > kRowGroupBytesMax) {
    throw UsageError(fmt::format("recipe: text.row_group_bytes: {} is not in 1..{}", recipe.text.row_group_bytes,
                                 kRowGroupBytesMax));
  }
  texts.row_group_bytes = static_cast<uint64_t>(recipe.text.row_group_bytes);
  texts.source = recipe.text.source;
  const RecipeConfig::Range running = recipe.running();
  texts.fields = named_fields(recipe, running.end);
  for (size_t at = running.first; at < running.end; ++at) {
    if (const auto* dedup = recipe.entries[at].get<DeduplicatorOptions>()) texts.clusters = dedup->joins();
  }
  return texts;
}

namespace {

void route(const RecipeConfig& recipe, Plan& plan) {
  plan.routing = Routing(recipe);
  const std::vector<std::string>& names = plan.routing.corpora();
  for (const std::string& name : names) plan.corpora.push_back({name, ""});
  if (!names.empty()) plan.dedup.memory /= static_cast<int64_t>(names.size());  // each has an index
}

// Where documents are routed each corpus is compared with the corpora of its name.
void find_earlier(const RecipeConfig& recipe, const PlanOptions& options, Plan& plan) {
  route(recipe, plan);
  const auto find = [&](const std::string& corpus) {
    if (options.against.empty()) return EarlierDocuments();
    if (options.earlier == nullptr) return earlier_documents(options.against, recipe, corpus);
    const auto found = options.earlier->find(corpus);
    return found == options.earlier->end() ? no_earlier_documents() : found->second;
  };
  if (plan.corpora.empty()) {
    plan.earlier = find("");
    if (!plan.earlier.parts.empty()) plan.digests[kAgainst] = plan.earlier.digest;
    return;
  }
  for (RoutedCorpus& corpus : plan.corpora) corpus.earlier = find(corpus.name);
}

// Each folder to its own keys of earlier documents; that of what belongs to no corpus to those of all.
void bind_folders(const PlanOptions& options, Plan& plan) {
  Checksum all;
  std::string own;  // of the one corpus that is planned
  for (RoutedCorpus& corpus : plan.corpora) {
    if (corpus.earlier.digest.empty()) continue;
    all.update(corpus.earlier.digest);
    plan.digests[kAgainst] = corpus.earlier.digest;
    corpus.binding = binding_of(plan, options, corpus.name);
    if (corpus.name == options.corpus) own = corpus.earlier.digest;
    plan.digests.erase(kAgainst);
  }
  for (RoutedCorpus& corpus : plan.corpora) {
    if (corpus.binding.empty()) corpus.binding = binding_of(plan, options, corpus.name);
  }
  const bool compared = std::any_of(plan.corpora.begin(), plan.corpora.end(),
                                    [](const RoutedCorpus& corpus) { return !corpus.earlier.digest.empty(); });
  if (compared) plan.digests[kAgainst] = own.empty() ? all.hex() : own;
  plan.binding = binding_of(plan, options, options.corpus);
}

}  // namespace

Plan make_plan(const RecipeConfig& recipe, const PlanOptions& options) {
  Plan plan;
  plan.part = options.part;
  plan.source = recipe.input;
  plan.source.start_after = recipe.output.start_after;
  if (!plan.source.start_after.empty()) plan.source.format = "jsonl", plan.source.text_key = "text";
  plan.stop_after = recipe.output.stop_after;
  plan.texts = text_options(recipe, !options.vocabulary.empty());
  if (plan.stops() && !options.text) {
    throw UsageError("--no-text: texts are all that a run leaves which stops early (output.stop_after)");
  }
  make_stages(recipe, options, plan);
  if (!options.vocabulary.empty())
    Deduplicator(plan.dedup, plan.key_layout);  // refuses options that exclude each other
  find_earlier(recipe, options, plan);
  if (plan.part != PlanPart::kAll) {  // it binds nothing: Job::check() asks for what it has loaded
    plan.digests.erase(kAgainst);
    if (plan.part == PlanPart::kCommit) load_vocabulary(options, recipe, plan);
    return plan;
  }
  if (!options.vocabulary.empty()) load_vocabulary(options, recipe, plan);
  plan.recipe = content_text(recipe);
  bind_folders(options, plan);
  return plan;
}

}  // namespace ftok
