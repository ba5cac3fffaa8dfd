#include "pipeline/card.h"

#include <gtest/gtest.h>

#include "core/error.h"
#include "document/stats.h"
#include "pipeline/recipe_config.h"
#include "shards/record_file.h"
#include "shards/verify.h"
#include "tests/shards/output_folder.h"
#include "tests/support/test_data.h"

namespace ftok {
namespace {

class Card : public ::testing::Test {
 protected:
  Card() { testing::make_output_folder(folder_.path().string()); }

  void change(const std::function<void(Manifest&)>& work) {
    Manifest manifest = read_manifest(folder_ / kManifestName);
    work(manifest);
    write_file(folder_ / kManifestName, write_manifest(manifest));
  }
  static std::string totals(uint64_t kept) {
    Tally tally;
    tally.records = kept + 30;
    tally.documents = kept + 20;
    tally.kept = kept;
    tally.skipped["request"] = 10;
    tally.dropped["c4.too_few_sentences"] = 5;
    tally.dropped["dedup.minhash"] = 15;
    JsonWriter json;
    json.begin_object();
    tally.write_fields(json);
    return json.end_object().take();
  }
  std::string card(const CardOptions& options = {}) const { return data_card(folder_.path().string(), options); }
  void holds(const std::string& text, const std::string& what) const {
    EXPECT_NE(text.find(what), std::string::npos) << what << "\n" << text;
  }

  testing::TemporaryFolder folder_;
};

TEST_F(Card, SaysWhatBecameOfEveryRecordAndHowToLoadIt) {
  change([&](Manifest& manifest) { manifest.totals = totals(80); });
  const std::string text = card({"My data", "odc-by"});
  EXPECT_TRUE(text.starts_with("---\npretty_name: \"My data\"\nlicense: odc-by\n"));
  holds(text, "size_categories:\n- n<1K\n");
  holds(text, "  - split: train\n    path: \"parts/*.text.jsonl.zst\"\n");
  holds(text, "| records | 110 |");
  holds(text,
        "| dropped: `dedup.minhash` | 15 | 15.00 % |\n| dropped: `c4.too_few_sentences` | 5 | 5.00 % |");  // the most
                                                                                                           // first
  holds(text, "| **kept** | 80 | 80.00 % |");
  holds(text, "2 in all.\n\n- a.warc.gz");
  holds(text, "````toml\n[c4]\nsentences_min = 5\n````");
  holds(text, "Format `llmc`, vocabulary `test` (1000 tokens), end-of-text token before.");
  EXPECT_EQ(text, card({"My data", "odc-by"}));
}

TEST_F(Card, ClassesOfSizeBeginAndEndWithTheHubs) {
  const std::pair<uint64_t, const char*> sizes[] = {{999, "n<1K"},
                                                    {1000, "1K<n<10K"},
                                                    {9'999, "1K<n<10K"},
                                                    {10'000, "10K<n<100K"},
                                                    {999'999, "100K<n<1M"},
                                                    {1'000'000, "1M<n<10M"},
                                                    {100'000'000'000, "100B<n<1T"},
                                                    {1'000'000'000'000, "n>1T"}};
  for (const auto& [documents, category] : sizes) {
    change([&](Manifest& manifest) { manifest.totals = totals(documents); });
    holds(card(), std::string("size_categories:\n- ") + category + "\n");
  }
}

TEST_F(Card, LanguagesWithoutTextsAreThoseThatTheRecipeKeeps) {
  holds(card(), "language:\n- \"en\"\n");  // of the texts
  for (const char* const name : {"000000", "000001"}) {
    std::filesystem::remove(folder_ / ("parts/" + std::string(name) + ".text.jsonl.zst"));
  }
  const auto recipe = [&](const std::string& languages) {
    change([&](Manifest& manifest) {
      manifest.recipe = recipe_text(load_recipe("fineweb-2024-04", {"language.languages=" + languages}), false);
    });
  };
  recipe("{de = 0.5, no = 0.6}");
  holds(card(), "language:\n- \"de\"\n- \"no\"\n");  // in quotes: YAML's no is false
  recipe("{\"*\" = 0.5}");
  EXPECT_EQ(card().find("language:\n"), std::string::npos);
}

TEST_F(Card, CountsLanguagesAndLicencesOfTheKeptTexts) {
  const auto keep = [&](const std::vector<std::string>& lines) {
    const std::unique_ptr<RecordFile> file = make_lines_file(folder_ / "parts/000000.text.jsonl.zst");
    file->begin_part();
    for (const std::string& line : lines) file->write(line);
    file->end_part();
    file->commit();
    std::filesystem::remove(folder_ / "parts/000001.text.jsonl.zst");
  };
  keep({R"({"text":"a","language":"fr"})", R"({"text":"b","language":"no","license":"cc-by-4.0"})",
        R"({"text":"c","metadata":{"language":"fr","license":"cc-by-4.0"}})",
        R"({"text":"d","language":"","license":null})"});
  holds(card(), "language:\n- \"fr\"\n- \"no\"\n");
  holds(card(),
        "| language | documents | share |\n|---|---|---|\n| fr | 2 | 50.00 % |\n| no | 1 | 25.00 % |\n"
        "| none stated | 1 | 25.00 % |\n");
  holds(card(),
        "| licence | documents | share |\n|---|---|---|\n| cc-by-4.0 | 2 | 50.00 % |\n| none stated | 2 | 50.00 % |\n");
  keep({R"({"text":"a"})"});
  EXPECT_EQ(card().find("## Languages"), std::string::npos);
  EXPECT_EQ(card().find("## Licences"), std::string::npos);
}

TEST_F(Card, IsNoPartOfTheData) {
  write_file(folder_ / kCardName, card());
  EXPECT_TRUE(verify_folder(folder_.path().string()).findings.empty());
  write_file(folder_ / "README.txt", "x");
  EXPECT_EQ(verify_folder(folder_.path().string()).findings.size(), 1u);
  std::filesystem::remove(folder_ / kManifestName);
  EXPECT_THROW(card(), Error);
}

}  // namespace
}  // namespace ftok
