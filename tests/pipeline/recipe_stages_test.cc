// Recipes as lists of stages: entries under names of their own, their order, recipes from before deduplication was one.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "core/file.h"
#include "dedup/deduplicator.h"
#include "document/batch_stage.h"
#include "filters/c4.h"
#include "filters/classifier.h"
#include "filters/fineweb.h"
#include "filters/gopher_quality.h"
#include "filters/gopher_repetition.h"
#include "filters/language.h"
#include "pipeline/chosen_stage.h"
#include "pipeline/recipe_config.h"
#include "pipeline/routing.h"
#include "pipeline/stage_kinds.h"
#include "tests/support/test_data.h"

namespace ftok {
namespace {

class RecipeStages : public ::testing::Test {
 protected:
  RecipeConfig load(const std::string& text, const std::vector<std::string>& sets = {}) {
    write_file(path_, text);
    return load_recipe(path_, sets);
  }

  // The names of the entries, or what is wrong with the recipe.
  std::string outcome(const std::string& text, const std::vector<std::string>& sets = {}) {
    try {
      return fmt::format("{}", fmt::join(load(text, sets).top.stages, " "));
    } catch (const UsageError& error) {
      return error.what();
    }
  }

  testing::TemporaryFolder folder_;
  std::string path_ = folder_ / "recipe.toml";
};

TEST_F(RecipeStages, ThePresetsListDeduplication) {
  for (const std::string preset : {"fineweb-2024-04", "fineweb-datatrove-0.10"}) {
    EXPECT_EQ(fmt::format("{}", fmt::join(load_recipe(preset, {}).top.stages, " ")),
              "http url extract language gopher_repetition gopher_quality c4 fineweb classifier minhash dedup pii");
  }
  for (const auto& [preset, about] : recipe_presets()) {
    const std::vector<std::string> stages = load_recipe(preset, {}).top.stages;
    EXPECT_EQ(std::count(stages.begin(), stages.end(), "dedup"), 1) << preset;
  }
}

TEST_F(RecipeStages, APresetsCanonicalFormIsReadBack) {
  for (const auto& [preset, about] : recipe_presets()) {
    const std::string text = recipe_text(load_recipe(preset, {}), false);
    EXPECT_EQ(recipe_text(parse_recipe(text, preset), false), text) << preset;
  }
}

TEST_F(RecipeStages, APresetsKeysAndThoseOfARecipeOverIt) {
  const RecipeConfig c4 = load_recipe("c4", {});
  EXPECT_EQ(c4.entries[3].get<C4Options>()->line_words_min, 5);
  EXPECT_EQ(load("preset = \"c4\"\n[c4]\nsentences_min = 9").entries[3].get<C4Options>()->line_words_min, 5);
  EXPECT_EQ(load("preset = \"c4\"\n[c4]\nline_words_min = 2").entries[3].get<C4Options>()->line_words_min, 2);
  // A preset may set keys of a stage that the recipe leaves out.
  EXPECT_EQ(outcome("preset = \"dclm-baseline\"\nstages = [\"minhash\", \"dedup\"]"), "minhash dedup");
  EXPECT_EQ(outcome("preset = \"dclm-baseline\"\nstages = [\"dedup\"]\n[dedup]\nminhash = false"), "dedup");
  EXPECT_NE(
      outcome("preset = \"dclm-baseline\"\nstages = [\"dedup\"]\n[classifier]\nlabel = \"x\"\n[dedup]\nminhash = false")
          .find("classifier.label is set"),
      std::string::npos);
}

TEST_F(RecipeStages, FineWeb2HasTheKeysOfItsLanguage) {
  const RecipeConfig german = load_recipe("fineweb-2-deu_Latn", {});
  EXPECT_EQ(fmt::format("{}", fmt::join(german.top.stages, " ")),
            "http url extract language minhash dedup gopher_repetition fineweb gopher_quality pii");
  const auto* language = german.entries[3].get<LanguageOptions>();
  EXPECT_EQ(language->languages, (std::map<std::string, double>{{"deu_Latn", 0.821}}));
  const auto* repetition = german.entries[6].get<GopherRepetitionOptions>();
  EXPECT_EQ(repetition->top_ngram_chars_max, (std::array{0.169, 0.153, 0.137}));
  EXPECT_EQ(repetition->duplicate_paragraphs_max, 1);
  EXPECT_EQ(german.entries[7].get<FineWebOptions>()->duplicate_line_chars_max, 0.1);
  EXPECT_EQ(german.entries[8].get<GopherQualityOptions>()->stop_words.back(), "f\u00FCr");
  EXPECT_EQ(load_recipe("fineweb-2-cmn_Hani", {}).entries[8].get<GopherQualityOptions>()->unspaced, "segments");
}

TEST_F(RecipeStages, WithoutDeduplicationInTheListItStandsBeforePiiAtTheEnd) {
  EXPECT_EQ(outcome(R"(stages = ["http", "extract", "pii", "c4", "minhash"])"), "http extract c4 minhash dedup pii");
  EXPECT_EQ(outcome("stages = [\"c4\"]\n[dedup]\nscope = \"off\""), "c4 dedup");
  EXPECT_EQ(outcome("stages = [\"c4\"]\n[dedup]\nminhash = false"), "c4 dedup");
  EXPECT_EQ(outcome(R"(stages = [])", {"dedup.scope=off"}), "dedup");
}

TEST_F(RecipeStages, ListedDeduplicationStaysWhereItIs) {
  EXPECT_EQ(outcome(R"(stages = ["minhash", "pii", "dedup", "c4"])"), "minhash pii dedup c4");
}

TEST_F(RecipeStages, AKindUnderAnotherName) {
  const RecipeConfig recipe = load(R"(
stages = ["classifier", "toxicity", "strict", "minhash", "dedup"]
[toxicity]
kind = "classifier"
model = "toxic.bin"
score_max = 0.5
[strict]
kind = "c4"
)",
                                   {"toxicity.score_max=0.3", "strict.sentences_min=9"});
  ASSERT_EQ(recipe.entries.size(), 5u);
  EXPECT_TRUE(recipe.entries[0].idle());
  EXPECT_FALSE(recipe.entries[1].idle());
  EXPECT_EQ(recipe.entries[1].kind->name, "classifier");
  const auto* toxicity = recipe.entries[1].get<ClassifierOptions>();
  ASSERT_NE(toxicity, nullptr);
  EXPECT_EQ(toxicity->model, "toxic.bin");
  EXPECT_EQ(toxicity->score_max, 0.3);
  EXPECT_EQ(recipe.entries[2].get<C4Options>()->sentences_min, 9);
  EXPECT_EQ(recipe.entries[2].get<ClassifierOptions>(), nullptr);
}

TEST_F(RecipeStages, AWorkerOfOnesOwnHasSomethingToStart) {
  EXPECT_EQ(outcome("stages = [\"minhash\", \"mine\"]\n[mine]\nkind = \"subprocess\"\ncommand = []"),
            "recipe: mine.command: empty, expected a program and its arguments");
  EXPECT_EQ(outcome("stages = [\"minhash\", \"mine\"]\n[mine]\nkind = \"python\""),
            "recipe: mine.file: missing, expected a file of Python");
  EXPECT_EQ(outcome("stages = [\"minhash\", \"mine\"]\n[mine]\nkind = \"subprocess\"\ncommand = [\"cat\"]"),
            "minhash mine dedup");
  EXPECT_EQ(outcome("stages = [\"minhash\", \"mine\"]\n[mine]\nkind = \"python\"\nfile = \"a.py\""),
            "minhash mine dedup");
}

TEST_F(RecipeStages, ThePresetsRulesReachOtherNamesToo) {
  const RecipeConfig recipe = load(
      "preset = \"fineweb-datatrove-0.10\"\nstages = [\"strict\"]\n[strict]\nkind = \"c4\"\n[dedup]\nscope = \"off\"");
  EXPECT_EQ(recipe.entries[0].get<C4Options>()->rules, "datatrove-0.10");
}

TEST_F(RecipeStages, WhatIsShownReadsBackToTheSame) {
  const std::string recipes[] = {
      "",
      "preset = \"fineweb-datatrove-0.10\"",
      R"(stages = ["toxicity", "c4", "minhash", "dedup", "quality", "pii"]
[toxicity]
kind = "classifier"
model = "a.bin"
[quality]
kind = "classifier"
model = "b.bin"
score_min = 0.25)",
      "stages = [\"pii\", \"c4\"]\n[dedup]\nscope = \"off\"",
  };
  for (const std::string& text : recipes) {
    for (const bool with_help : {false, true}) {
      const std::string shown = recipe_text(load(text), with_help);
      EXPECT_EQ(recipe_text(load(shown), with_help), shown);
    }
  }
}

TEST_F(RecipeStages, PlacesAndMemoryAreNotContent) {
  const std::string there = R"(
stages = ["toxicity", "language", "dedup"]
[toxicity]
kind = "classifier"
model = "there.bin"
[language]
model = "there.bin"
[dedup]
minhash = false
memory = "3G"
)";
  std::string here = there;
  for (size_t at = here.find("there"); at != std::string::npos; at = here.find("there")) here.replace(at, 5, "here");
  here.replace(here.find("3G"), 2, "5G");
  const RecipeConfig a = load(there), b = load(here);
  EXPECT_NE(recipe_text(a, false), recipe_text(b, false));
  EXPECT_EQ(content_text(a), content_text(b));
}

TEST_F(RecipeStages, AnOrderThatMakesNoSense) {
  EXPECT_EQ(outcome(R"(stages = ["extract", "http"])"),
            "recipe: stages: 'extract' needs a page in HTML, which 'http' gives: put it after that");
  EXPECT_EQ(outcome(R"(stages = ["http", "c4", "extract"])"),
            "recipe: stages: 'c4' needs a text, which 'extract' gives: put it after that");
  EXPECT_EQ(outcome(R"(stages = ["extract"])"),
            "recipe: stages: 'extract' needs a page in HTML: put a stage of kind 'http' before it");
  EXPECT_EQ(outcome(R"(stages = ["http", "extract", "dedup"])"),
            "recipe: stages: 'dedup' needs bucket keys: put a stage of kind 'minhash' before it, or set dedup.scope to "
            "\"off\" (it runs behind all stages of a list without it)");
  EXPECT_EQ(outcome(R"(stages = ["dedup", "minhash"])"),
            "recipe: stages: 'dedup' needs bucket keys, which 'minhash' gives: put it after that");
  EXPECT_EQ(outcome("stages = [\"http\", \"extract\", \"again\", \"minhash\"]\n[again]\nkind = \"extract\""),
            "recipe: stages: 'again' needs a page in HTML, and after 'extract' there is none");
  EXPECT_EQ(outcome("stages = [\"http\", \"minhash\", \"dedup\", \"extract\"]"),
            "recipe: stages: 'minhash' needs a text, which 'extract' gives: put it after that");
  EXPECT_EQ(outcome("stages = [\"http\", \"dedup\", \"extract\"]\n[dedup]\nminhash = false"),
            "recipe: stages: 'dedup' needs a text, which 'extract' gives: put it after that");
}

TEST_F(RecipeStages, InputsMayBringATextOrAPayload) {
  EXPECT_EQ(outcome(R"(stages = ["c4", "minhash", "dedup", "pii"])"), "c4 minhash dedup pii");
  EXPECT_EQ(outcome(R"(stages = ["url", "http", "extract", "url2", "minhash"]
[url2]
kind = "url")"),
            "url http extract url2 minhash dedup");
}

TEST_F(RecipeStages, NamesThatCannotBe) {
  EXPECT_EQ(outcome(R"(stages = ["c4", "c4"])"),
            "recipe: stages: 'c4' is listed twice; a second one needs a name of its own and kind = \"...\"");
  EXPECT_EQ(outcome("stages = [\"minhash\", \"dedup\", \"again\"]\n[again]\nkind = \"dedup\""),
            "recipe: stages: 'again' is of kind 'dedup', which may be listed once, under that name");
  EXPECT_EQ(outcome(R"(stages = ["extrac"])"),
            "recipe: stages: 'extrac' is not a kind of stage; the nearest is 'extract' (a name of your own needs kind "
            "= \"...\" in [extrac])");
  EXPECT_EQ(outcome("stages = [\"toxicity\"]\n[toxicity]\nkind = \"clasifier\""),
            "recipe: stages: 'toxicity' is of kind 'clasifier', which does not exist; the nearest is 'classifier' (a "
            "name of your own needs kind = \"...\" in [toxicity])");
  EXPECT_EQ(outcome("stages = [\"c4\"]\n[c4]\nkind = \"fineweb\""),
            "recipe: stages: 'c4' is of kind 'fineweb': a stage that bears the name of a kind is of that kind");
  EXPECT_EQ(outcome(R"(stages = ["input"])"),
            "recipe: stages: 'input' cannot name a stage: [input] is another section of the recipe");
  for (const char* name : {"", "C4", "2nd", "a.b", "a-b"}) {
    EXPECT_EQ(outcome(fmt::format("stages = [\"{}\"]", name)),
              fmt::format("recipe: stages: '{}' is not a name: expected lower-case letters, digits and _", name));
  }
}

TEST_F(RecipeStages, ASectionOfWhatIsNotListed) {
  const auto refusal = [](const std::string& set, const std::string& name) {
    return fmt::format(
        "recipe: {} is set, and stages does not list '{}', so that it would do nothing; add '{}' to stages", set, name,
        name);
  };
  EXPECT_EQ(outcome("stages = [\"c4\", \"minhash\"]\n[c4]\nsentences_min = 3"), "c4 minhash dedup");
  EXPECT_EQ(outcome("stages = [\"c4\", \"minhash\"]\n[fineweb]\nshort_lines_max = 0.5"),
            refusal("fineweb.short_lines_max", "fineweb"));
  EXPECT_EQ(outcome("stages = [\"c4\", \"minhash\"]\n[fineweb]\n"), refusal("[fineweb]", "fineweb"));
  EXPECT_EQ(outcome("stages = [\"c4\", \"minhash\"]\n[fineweb]\nonly = [\"en\"]"), refusal("fineweb.only", "fineweb"));
  EXPECT_EQ(outcome("stages = [\"c4\", \"minhash\"]\n[fineweb]\nshort_lines_max = \"many\""),
            fmt::format("recipe {}, line 3: fineweb.short_lines_max: got a string, expected a number", path_));
  EXPECT_EQ(outcome("stages = [\"c4\", \"minhash\"]\n[classifier]\nmodel = \"a.bin\""),
            refusal("classifier.model", "classifier"));
  EXPECT_EQ(outcome("stages = [\"minhash\"]\n[toxicity]\nkind = \"classifier\""),
            fmt::format("recipe {}, line 2: unknown key 'toxicity'", path_));
}

// Of every kind that the default recipe does not list: what `--set rights.noai_drop=true` did was nothing.
TEST_F(RecipeStages, AKeyOfAnyKindThatIsNotListed) {
  const RecipeConfig recipe = load_recipe("fineweb-2024-04", {});
  for (const StageKind* kind : stage_kinds()) {
    const std::string name(kind->name);
    const bool is_listed = std::any_of(recipe.entries.begin(), recipe.entries.end(),
                                       [&](const RecipeEntry& entry) { return entry.kind == kind; });
    if (is_listed) continue;
    EXPECT_THROW(load_recipe("fineweb-2024-04", {name + ".only=[\"en\"]"}), UsageError) << name;
  }
  EXPECT_THROW(load_recipe("fineweb-2024-04", {"rights.noai_drop=true"}), UsageError);
  EXPECT_THROW(load_recipe("fineweb-2024-04", {"prose.score_min=0.5"}), UsageError);
  EXPECT_THROW(load_recipe("fineweb-2024-04", {"refinedweb.words_removed_max=0.2"}), UsageError);
  EXPECT_NO_THROW(load_recipe("dclm-baseline", {"refinedweb.words_removed_max=0.2"}));
  // A file may set keys of stages that --set leaves out; --set itself may not.
  write_file(path_, "[c4]\nsentences_min = 3\n");
  const std::string stages = "stages=[\"minhash\", \"dedup\"]";
  EXPECT_NO_THROW(load_recipe(path_, {stages}));
  EXPECT_THROW(load_recipe(path_, {stages, "c4.line_words_min=2"}), UsageError);
}

TEST(StageKinds, EveryKindHasANameHelpAndOptionsOfItsOwn) {
  std::string names;
  for (const StageKind* kind : stage_kinds()) {
    EXPECT_EQ(find_stage_kind(kind->name), kind);
    EXPECT_FALSE(kind->help.empty()) << kind->name;
    EXPECT_NE(kind->options(RuleSet::kReleased), nullptr) << kind->name;
    names += std::string(kind->name) + " ";
  }
  EXPECT_EQ(find_stage_kind("c5"), nullptr);
  EXPECT_EQ(
      names,
      "http rights extract url language gopher_repetition gopher_quality c4 fineweb refinedweb classifier prose pii "
      "subprocess python minhash dedup decontaminate ");
}

TEST_F(RecipeStages, ARunEndsAndBeginsWhereDocumentsHaveATextAndTheKeysThatAreCompared) {
  const std::string stages = R"(stages = ["http", "extract", "c4", "minhash", "fineweb", "dedup", "pii"])";
  const auto running = [&](const std::vector<std::string>& sets) {
    const RecipeConfig::Range range = load(stages, sets).running();
    return std::pair(range.first, range.end);
  };
  EXPECT_EQ(running({}), std::pair(size_t{0}, size_t{7}));
  EXPECT_EQ(running({"output.stop_after=extract"}), std::pair(size_t{0}, size_t{2}));
  EXPECT_EQ(running({"output.start_after=extract"}), std::pair(size_t{2}, size_t{7}));
  EXPECT_EQ(running({"output.start_after=extract", "output.stop_after=dedup"}), std::pair(size_t{2}, size_t{6}));
  EXPECT_EQ(running({"output.start_after=dedup"}), std::pair(size_t{6}, size_t{7}));
  EXPECT_NE(outcome(stages, {"output.stop_after=http"}).find("after stage 'http' documents have no text yet"),
            std::string::npos);
  for (const char* stage : {"minhash", "fineweb"}) {
    const std::string stop = outcome(stages, {fmt::format("output.stop_after={}", stage)});
    EXPECT_NE(stop.find("texts do not hold the keys"), std::string::npos) << stop;
    const std::string start = outcome(stages, {fmt::format("output.start_after={}", stage)});
    EXPECT_NE(start.find("'dedup' needs bucket keys"), std::string::npos) << start;
  }
  EXPECT_NE(outcome(stages, {"output.start_after=pii"}).find("nothing runs after 'pii'"), std::string::npos);
}

TEST_F(RecipeStages, ADocumentBelongsToOneCorpusOrToNone) {
  const std::string stages = R"(stages = ["classifier", "dedup"]
[classifier]
model = "m.bin"
label = "good"
[dedup]
minhash = false
)";
  const Routing by_score(load(stages, {"output.by=classifier_score", R"(output.bounds=["0.25","0.5"])"}));
  EXPECT_EQ(by_score.corpora(), (std::vector<std::string>{"below-0.25", "0.25-0.5", "from-0.5"}));
  Document document;
  Verdict verdict;
  EXPECT_FALSE(by_score.corpus_of(document, verdict).has_value());
  EXPECT_EQ(verdict.reason.view(), "output.no_corpus");
  for (const auto& [score, corpus] :
       {std::pair{0.0, size_t{0}}, {0.2499, size_t{0}}, {0.25, size_t{1}}, {0.5, size_t{2}}, {1.0, size_t{2}}}) {
    document.scores = {{Reason("classifier_score"), score}};
    EXPECT_EQ(by_score.corpus_of(document, verdict), corpus) << score;
  }
  const Routing by_language(load(stages, {"output.by=language", R"(output.corpora=["de","nl"])"}));
  document.language = "nl";
  EXPECT_EQ(by_language.corpus_of(document, verdict), size_t{1});
  document.language = "en";
  EXPECT_FALSE(by_language.corpus_of(document, verdict).has_value());
  EXPECT_EQ(verdict.detail, "en");
  EXPECT_NE(outcome(stages, {"output.by=other_score", R"(output.bounds=["1"])"}).find("neither language nor the score"),
            std::string::npos);
}

TEST_F(RecipeStages, AStageMayLookAtSomeLanguagesOrCorporaOnly) {
  const std::string stages = R"(stages = ["language", "classifier", "german", "dedup"]
[language]
languages = {de = 0.5, en = 0.5}
[classifier]
model = "m.bin"
label = "good"
[german]
kind = "gopher_quality"
[dedup]
minhash = false
)";
  const std::string only = "german.only=[\"de\"]";
  const RecipeConfig recipe = load(stages, {only});
  EXPECT_EQ(recipe.entries[2].only, std::vector<std::string>{"de"});
  EXPECT_NE(recipe_text(recipe, false).find("kind = \"gopher_quality\"\nonly = [\"de\"]\n"), std::string::npos);
  EXPECT_EQ(recipe_text(parse_recipe(recipe_text(recipe, false), "again"), false), recipe_text(recipe, false));

  const auto has = [&](const std::vector<std::string>& sets, const std::string& what) {
    const std::string got = outcome(stages, sets);
    EXPECT_NE(got.find(what), std::string::npos) << got;
  };
  has({"german.only=[\"\"]"}, "german.only: a name is empty");
  has({"language.only=[\"de\"]"}, "language.only: a stage of kind language looks at all documents");
  has({"dedup.only=[\"de\"]"}, "dedup.only: a stage of kind dedup");
  for (const std::string name : {"DE", "deu_Latn", "fr", "*"}) {
    const std::string only_it = "german.only=[\"" + name + "\"]";
    has({only_it}, "german.only: no document has the language '" + name + "' there; language.languages keeps de, en");
    EXPECT_EQ(outcome(stages, {only_it, "language.label_only=true"}), "language classifier german dedup");
    EXPECT_EQ(outcome(stages, {only_it, "language.languages={\"*\"=0.5}"}), "language classifier german dedup");
    has({"output.by=language", "output.corpora=[\"de\",\"" + (name == "*" ? "fr" : name) + "\"]"},
        "output.corpora: no document");
  }
  EXPECT_EQ(outcome(stages, {"output.by=language", "output.corpora=[\"en\"]"}), "language classifier german dedup");
  has({only, "stages=[\"german\",\"language\",\"classifier\",\"dedup\"]"},
      "'german' stands in front of the stage that gives the language");
  const std::string by = "output.by=classifier_score", bounds = R"(output.bounds=["0.5"])";
  has({by, bounds, "german.only=[\"below-0.6\"]"},
      "'below-0.6' is not a corpus of output.by; the nearest is 'below-0.5'");
  has({by, bounds, "german.only=[\"from-0.5\"]", "stages=[\"language\",\"german\",\"classifier\",\"dedup\"]"},
      "'german' stands in front of the stage that gives the classifier_score");
  EXPECT_EQ(outcome(stages, {by, bounds, "german.only=[\"from-0.5\"]"}), "language classifier german dedup");
  // Inputs may bring the language.
  EXPECT_EQ(outcome(stages, {only, "stages=[\"classifier\",\"german\",\"dedup\"]"}), "classifier german dedup");
}

// A stage of a batch, and any other.
TEST_F(RecipeStages, AStagePassesOverOtherDocuments) {
  const RecipeConfig recipe = load(
      "stages = [\"german\", \"dedup\"]\n[german]\nkind = \"gopher_quality\"\nonly = [\"de\"]\n[dedup]\nminhash = "
      "false");
  const RecipeEntry& entry = recipe.entries[0];
  StageContext context;
  context.name = entry.name;
  const auto stage = chosen_stage(make_stage(*entry.kind, *entry.options, context), entry.only, recipe);
  Report report;
  Document document;
  document.text = "Too short.";
  document.language = "nl";
  EXPECT_TRUE(stage->process(document, &report).kept());
  EXPECT_TRUE(report.measurements.empty());
  document.language = "de";
  EXPECT_EQ(stage->process(document, &report).reason.view(), "german.too_short");
  EXPECT_FALSE(report.measurements.empty());

  class Shout final : public BatchStage {
   public:
    std::string_view name() const override { return "shout"; }
    size_t batch_documents() const override { return 3; }
    std::vector<Outcome> process_batch(std::span<Document* const> documents) const override {
      for (Document* each : documents) each->text += "!";
      return std::vector<Outcome>(documents.size());
    }
  };
  const auto batches = chosen_stage(std::make_unique<Shout>(), {"de"}, recipe);
  std::vector<Document> texts(4);
  std::vector<Document*> places;
  for (Document& each : texts) places.push_back(&each);
  texts[1].language = texts[2].language = "de";
  const auto& batch_stage = dynamic_cast<const BatchStage&>(*batches);
  EXPECT_EQ(batch_stage.batch_documents(), 3u);
  EXPECT_EQ(batch_stage.process_batch(places).size(), 4u);
  for (size_t i = 0; i < 4; ++i) EXPECT_EQ(texts[i].text, i == 1 || i == 2 ? "!" : "") << i;
}

}  // namespace
}  // namespace ftok
