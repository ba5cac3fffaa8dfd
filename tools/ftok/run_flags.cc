#include "tools/ftok/run_flags.h"

#include <fmt/format.h>

#include "core/error.h"
#include "core/recipe.h"
#include "pipeline/make_plan.h"
#include "tools/ftok/stage_context.h"
#include "tools/ftok/vocabulary_source.h"

namespace ftok::cli {

void RunFlags::add_inputs(CLI::App& command) {
  command
      .add_option("--input", inputs.inputs,
                  "WARC, WET, JSON Lines, Parquet, CSV or TSV file (plain, .gz, .zst), glob, https:// or s3:// "
                  "address; repeatable")
      ->type_name("FILE")
      ->allow_extra_args(false);
  command.add_option("FILE", files, "Inputs, as for --input; they come behind those of --input");
  command
      .add_option("--input-list", inputs.input_lists,
                  "File with one input per line (also warc.paths.gz); - reads standard input")
      ->type_name("FILE")
      ->allow_extra_args(false);
  command.add_option("--base-url", inputs.base_url, "Prefix of crawl-data/ paths in input lists")
      ->capture_default_str();
  command.add_option("--limit", limit, "Only the first N inputs (K, M, G)")->type_name("N");
  command.add_option("--slice", inputs.slice, "Every N-th input from the I-th, from 0: a share for one of N machines")
      ->type_name("I/N");
  command
      .add_option("--text-key", text_key,
                  "JSON: key of the text; Parquet, CSV and TSV: its column; default: the recipe's, text")
      ->type_name("KEY");
  command.add_option("--id-key", id_key, "Key, or column, of the document's id; default: the recipe's, id")
      ->type_name("KEY");
}

void RunFlags::add_recipe(CLI::App& command) {
  command.add_option("--recipe", recipe, "Preset or TOML file (see `ftok recipe list`)")->capture_default_str();
  command.add_option("--set", sets, "Override a key of the recipe; repeatable")
      ->type_name("SECTION.KEY=VALUE")
      ->allow_extra_args(false);
  command.add_option("-v,--vocab", vocabulary, "Vocabulary: a name (ftok-100k, gpt2, cl100k_base) or a file")
      ->capture_default_str()
      ->type_name("V");
  command
      .add_option("--language-model", language_model,
                  "fastText model; default: lid.176.bin if fetched, else the bundled one")
      ->type_name("FILE");
  command
      .add_option(
          "--dedup-against", against,
          "Folder of a finished run or job, or s3://BUCKET/PREFIX: documents that repeat one of its are dropped too; "
          "repeatable")
      ->type_name("DIR")
      ->allow_extra_args(false);
  command
      .add_option("--stop-after", stop_after,
                  "End after this stage of the recipe: texts with all fields, no shards; for --start-after")
      ->type_name("STAGE");
  command
      .add_option("--start-after", start_after,
                  "Begin after this stage: the inputs are texts of a run or job that stopped after it")
      ->type_name("STAGE");
  command.add_option("--shard-tokens", shard_tokens, "Tokens per shard (K, M, G); default: the recipe's, 100M")
      ->type_name("N");
}

void RunFlags::add_written(CLI::App& command) {
  command.add_option("--rejects", rejects, "What is written of dropped documents: none, ids or text")
      ->capture_default_str();
  command.add_flag("--no-text", no_text, "Keep no text: shards only");
}

RecipeConfig RunFlags::recipe_config(const Log& log) const {
  std::vector<std::string> all = sets;
  if (!shard_tokens.empty()) {
    all.push_back(fmt::format("shards.shard_tokens={}", parse_size(shard_tokens, false, "--shard-tokens")));
  }
  if (!stop_after.empty()) all.push_back("output.stop_after=" + stop_after);
  if (!start_after.empty()) all.push_back("output.start_after=" + start_after);
  RecipeConfig config = load_recipe(recipe, all, log);
  if (!text_key.empty()) config.input.text_key = text_key;
  if (!id_key.empty()) config.input.id_key = id_key;
  return config;
}

std::vector<std::string> RunFlags::list() const {
  InputListOptions options = inputs;
  options.inputs.insert(options.inputs.end(), files.begin(), files.end());
  if (inputs.inputs.empty() && files.empty() && inputs.input_lists.empty()) {
    throw UsageError("no input: give FILE or --input-list FILE");
  }
  if (!limit.empty()) options.limit = static_cast<uint64_t>(parse_size(limit, false, "--limit"));
  return list_inputs(options);
}

Rejects parse_rejects(const std::string& name) {
  if (name == "none") return Rejects::kNone;
  if (name == "ids") return Rejects::kIds;
  if (name == "text") return Rejects::kText;
  throw UsageError(fmt::format("--rejects: got '{}', expected none, ids or text", name));
}

Plan load_plan(const RecipeConfig& recipe, const PlanSources& sources) {
  PlanOptions options;
  const VocabularyFile file = find_vocabulary(sources.vocabulary);
  options.vocabulary = file.path;
  options.vocabulary_hints.name = file.published;
  options.vocabulary_called = called_by_folder(file.path);
  options.context = stage_context(sources.language_model);
  options.against = sources.against;
  options.rejects = sources.rejects;
  options.text = sources.text;
  options.corpus = sources.corpus;
  options.earlier = sources.earlier;
  options.part = sources.part;
  return make_plan(recipe, options);
}

}  // namespace ftok::cli
