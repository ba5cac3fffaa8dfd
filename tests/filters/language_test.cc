// The language stage, and the model loader on damaged files.
#include "filters/language.h"

#include <gtest/gtest.h>

#include <cstring>

#include "core/error.h"
#include "core/file.h"
#include "filters/language_labels.h"
#include "filters/language_models/language_model_format.h"
#include "tests/support/test_data.h"

namespace ftok {
namespace {

std::string bundled_model() { return (testing::source_folder() / "share/models/ftok-lid.ftz").string(); }

class Language : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { model_ = LanguageModel::load(bundled_model()); }
  static void TearDownTestSuite() { model_.reset(); }

  static Verdict judge(LanguageOptions options, Document& document) {
    return LanguageStage(std::move(options), model_).process(document);
  }
  static std::shared_ptr<const LanguageModel> model_;
  static constexpr char kEnglish[] =
      "The committee will meet again next week to discuss\nthe plans for the new library.";
  static constexpr char kGerman[] =
      "Der Ausschuss trifft sich n\xC3\xA4"
      "chste Woche, um die Pl\xC3\xA4ne zu besprechen.";
};
std::shared_ptr<const LanguageModel> Language::model_;

TEST_F(Language, KeepsWantedAndNamesTheRest) {
  Document document;
  document.text = kEnglish;
  EXPECT_TRUE(judge({}, document).kept());
  EXPECT_EQ(document.language, "en");
  EXPECT_GT(document.language_score, 0.65);
  document.text = kGerman;
  const Verdict verdict = judge({}, document);
  EXPECT_EQ(verdict.reason, "language.not_wanted");
  EXPECT_EQ(verdict.detail, "de");
  EXPECT_EQ(verdict.threshold, 0.65);
}

TEST_F(Language, ThresholdOnBothSides) {
  Document document;
  document.text = kEnglish;
  judge({}, document);
  const double score = document.language_score;
  LanguageOptions options;
  options.languages = {{"en", score}};  // kept only above it
  const Verdict verdict = judge(options, document);
  EXPECT_EQ(verdict.reason, "language.low_score");
  EXPECT_EQ(verdict.value, score);
  options.languages = {{"en", score - 1e-6}};
  EXPECT_TRUE(judge(options, document).kept());
}

TEST_F(Language, ASetOfLanguagesEachWithItsThreshold) {
  LanguageOptions options;
  options.languages = {{"en", 1.1}, {"de", 0.5}};
  Document document;
  document.text = kGerman;
  EXPECT_TRUE(judge(options, document).kept());
  document.text = kEnglish;
  const Verdict verdict = judge(options, document);
  EXPECT_EQ(verdict.reason, "language.low_score");
  EXPECT_EQ(verdict.threshold, 1.1);
}

TEST_F(Language, LabelsOfTheOtherScheme) {
  LanguageOptions options;
  options.languages = {{"eng_Latn", 0.65}, {"deu_Latn", 0.5}};  // the model has en and de
  Document document;
  document.text = kGerman;
  EXPECT_TRUE(judge(options, document).kept());
  EXPECT_EQ(document.language, "deu_Latn");
  options.languages.erase("deu_Latn");
  const Verdict verdict = judge(options, document);
  EXPECT_EQ(verdict.reason, "language.not_wanted");
  EXPECT_EQ(verdict.detail, "de");
  options.languages = {{"xyz_Latn", 0.5}};
  EXPECT_THROW(judge(options, document), UsageError);
  EXPECT_TRUE(is_same_language("zh", "cmn_Hani"));
  EXPECT_TRUE(is_same_language("sr", "srp_Latn"));
  EXPECT_FALSE(is_same_language("srp_Cyrl", "srp_Latn"));
  EXPECT_FALSE(is_same_language("de", "nld_Latn"));
  EXPECT_FALSE(is_same_language("ceb", "cec"));
}

// The bundled model with labels of the other scheme, as GlotLID has them.
std::shared_ptr<const LanguageModel> model_of_scripts() {
  std::string bytes = read_file(bundled_model());
  for (const auto& [from, to] : {std::pair<std::string, std::string>{"en", "eng_Latn"}, {"de", "deu_Latn"}}) {
    const std::string label = std::string("__label__") + from + '\0';  // as it ends in the file
    const size_t at = bytes.find(label);
    EXPECT_NE(at, std::string::npos);
    bytes.replace(at, label.size(), "__label__" + to + '\0');
  }
  Result<std::unique_ptr<const LanguageModel>> model = LanguageModel::parse(bytes);
  EXPECT_TRUE(model.ok());
  return std::move(model.value());
}

TEST_F(Language, AModelWhoseLabelsNameScripts) {
  const auto model = model_of_scripts();
  const auto judged = [&](const std::string& wanted, const char* text) {
    LanguageOptions options;
    options.languages = {{wanted, 0.5}};
    Document document;
    document.text = text;
    const Verdict verdict = LanguageStage(options, model).process(document);
    return std::string(verdict.kept() ? "keep" : verdict.reason) + " " + document.language;
  };
  EXPECT_EQ(judged("deu_Latn", kGerman), "keep deu_Latn");
  EXPECT_EQ(judged("de", kGerman), "keep de");  // as the recipe has it
  EXPECT_EQ(judged("eng_Latn", kGerman), "language.not_wanted deu_Latn");
  EXPECT_THROW(judged("deu_Cyrl", kGerman), UsageError);
}

TEST_F(Language, ShareOfAMixedPage) {
  const auto times = [](const std::string& line, int count) {
    std::string text;
    for (int i = 0; i < count; ++i) text += line + "\n";
    return text;
  };
  Document document;
  document.text = times(kEnglish, 12) + times(kGerman, 8);
  LanguageOptions options;
  options.languages = {{"*", 0}};
  EXPECT_TRUE(judge(options, document).kept());
  EXPECT_TRUE(document.scores.empty());
  options.shares = true;
  EXPECT_TRUE(judge(options, document).kept());
  ASSERT_EQ(document.scores.size(), 1u);
  EXPECT_EQ(document.scores[0].name, "language_share");
  const double share = document.scores[0].value;
  EXPECT_GT(share, 0.5);
  EXPECT_LT(share, 0.75);
  options.share_min = share;
  EXPECT_TRUE(judge(options, document).kept());
  options.share_min = share + 1e-9;
  const Verdict verdict = judge(options, document);
  EXPECT_EQ(verdict.reason, "language.low_share");
  EXPECT_EQ(verdict.value, share);
  EXPECT_TRUE(verdict.detail.starts_with("en ")) << verdict.detail;
  EXPECT_NE(verdict.detail.find(", de "), std::string::npos) << verdict.detail;
}

TEST_F(Language, SharesAddUpToWhatTheModelKnows) {
  EXPECT_TRUE(language_shares(*model_, "").empty());
  const auto shares = language_shares(*model_, std::string(kEnglish) + "\n");
  ASSERT_EQ(shares.size(), 1u);
  EXPECT_EQ(model_->labels()[shares[0].label], "en");
  EXPECT_EQ(shares[0].share, 1.0);
}

TEST_F(Language, AnyLanguageAndLabelOnly) {
  LanguageOptions any;
  any.languages = {{"*", 0.5}};
  LanguageOptions label_only;
  label_only.label_only = true;
  Document document;
  document.text = kGerman;
  EXPECT_TRUE(judge(any, document).kept());
  EXPECT_TRUE(judge(label_only, document).kept());
  EXPECT_EQ(document.language, "de");
  any.languages = {{"*", 1.5}};
  EXPECT_EQ(judge(any, document).reason, "language.low_score");
}

TEST_F(Language, EmptyTextHasNoLanguage) {
  LanguageOptions any, label_only;
  any.languages = {{"*", -1}};
  label_only.label_only = true;
  for (const char* text : {"", " \n ", "\r\n\t", "</s>"}) {
    Document document;
    document.text = text;
    EXPECT_EQ(judge({}, document).reason, "language.not_wanted") << text;
    EXPECT_EQ(judge(any, document).reason, "language.not_wanted") << text;
    EXPECT_TRUE(judge(label_only, document).kept()) << text;
    EXPECT_EQ(document.language, "") << text;
    EXPECT_EQ(document.language_score, 0) << text;
    EXPECT_TRUE(model_->best(text, 3).empty()) << text;
  }
  Document word;  // the other side: one word is enough
  word.text = "the";
  EXPECT_TRUE(judge(any, word).kept());
  EXPECT_EQ(word.language, "en");
}

TEST_F(Language, OnlyTheFirstBytesWhenAsked) {
  LanguageOptions options;
  Document document;
  document.text = std::string(kEnglish) + " ";
  options.text_bytes_max = static_cast<int64_t>(document.text.size());
  judge(options, document);
  const double alone = document.language_score;
  document.text += kGerman;
  judge(options, document);
  EXPECT_EQ(document.language_score, alone);
}

TEST_F(Language, WrongOptionsAreNamed) {
  LanguageOptions options;
  options.languages = {{"english", 0.65}};
  EXPECT_THROW(LanguageStage(options, model_), UsageError);
  options.languages = {};
  EXPECT_THROW(LanguageStage(options, model_), UsageError);
  options.languages = {{"en", 0.65}};
  options.model = "no/such/file.ftz";
  EXPECT_THROW(LanguageStage{options}, Error);
}

TEST_F(Language, BundledModelKnowsItsLanguages) {
  EXPECT_GE(model_->labels().size(), 40U);
  EXPECT_LE(std::filesystem::file_size(bundled_model()), 2000000U);
  const std::pair<const char*, const char*> samples[] = {
      {"fr", "Le conseil municipal a adopt\xC3\xA9 hier soir le budget de la ville."},
      {"es", "El ayuntamiento aprob\xC3\xB3 ayer por la noche el presupuesto de la ciudad."},
      {"ru",
       "\xD0\x93\xD0\xBE\xD1\x80\xD0\xBE\xD0\xB4\xD1\x81\xD0\xBA\xD0\xBE\xD0\xB9 "
       "\xD1\x81\xD0\xBE\xD0\xB2\xD0\xB5\xD1\x82"},
      {"zh", "\u6211\u5011\u6628\u5929\u53BB\u4E86\u535A\u7269\u9928"},
      {"ja",
       "\xE6\x98\xA8\xE6\x97\xA5\xE3\x81\xAE\xE5\xA4\x9C\xE3\x81\xAB\xE6\xB1\xBA\xE3\x81\xBE\xE3\x82\x8A\xE3\x81\xBE"
       "\xE3\x81\x97\xE3\x81\x9F"}};
  for (const auto& [label, text] : samples) EXPECT_EQ(model_->labels()[model_->best(text, 1).at(0).label], label);
}

// What a page's menu and headings say. The sentences that the model was made from have no Spanish letters beyond ASCII
// until make_language_model puts them back; without that, most of these are Catalan or Portuguese to it.
TEST_F(Language, BundledModelKnowsShortSpanish) {
  const std::pair<const char*, const char*> lines[] = {
      {"es", "Leer m\u00E1s noticias"},
      {"es", "M\u00E1s informaci\u00F3n sobre el producto"},
      {"es", "Buenos d\u00EDas, \u00BFc\u00F3mo est\u00E1 usted?"},
      {"es", "\u00BFD\u00F3nde est\u00E1 la biblioteca?"},
      {"es", "A\u00F1adir al carrito"},
      {"es", "Iniciar sesi\u00F3n"},
      {"es", "Qui\u00E9nes somos"},
      {"es", "Noticias de econom\u00EDa"},
      {"ca", "M\u00E9s informaci\u00F3 sobre el producte"},
      {"ca", "La casa de la meva \u00E0via"},
      {"ca", "Tots els drets reservats"},
      {"pt", "Mais informa\u00E7\u00F5es sobre o produto"},
  };
  for (const auto& [label, text] : lines) EXPECT_EQ(model_->labels()[model_->best(text, 1).at(0).label], label) << text;
}

TEST_F(Language, SameBitsWhateverCameBefore) {
  std::vector<float> first, again;
  model_->score(kEnglish, first);
  for (int i = 0; i < 20000; ++i) model_->score("w" + std::to_string(i) + " " + kGerman, again);  // fills the cache
  model_->score(kEnglish, again);
  EXPECT_EQ(first, again);
}

// The small models of the fuzz target's seeds: every loss, pruned and quantized, word n-grams.
std::vector<std::string> small_models() {
  std::vector<std::string> out;
  for (const char* name : {"hs.bin", "ns.bin", "ova.bin", "softmax.bin", "pruned.ftz"}) {
    out.push_back(read_file((testing::source_folder() / "tests/fuzz/seeds/language_model" / name).string()));
  }
  return out;
}

TEST(LanguageModelLoader, EveryTruncationIsDamage) {
  for (const std::string& bytes : small_models()) {
    ASSERT_TRUE(LanguageModel::parse(bytes).ok());
    for (size_t size = 0; size < bytes.size(); size += testing::kEveryNth) {
      const auto model = LanguageModel::parse(std::string_view(bytes).substr(0, size));
      ASSERT_FALSE(model.ok()) << size;
      EXPECT_LE(model.damage().offset, size);
    }
    EXPECT_FALSE(LanguageModel::parse(bytes + "x").ok());
  }
}

// Whatever still loads after a flipped bit must predict without leaving its tables (the sanitizers watch).
TEST(LanguageModelLoader, FlippedBitsLoadSafelyOrNotAtAll) {
  std::vector<float> probabilities;
  size_t refused = 0, loaded = 0;
  for (const std::string& bytes : small_models()) {
    for (size_t at = 0; at < bytes.size(); at += testing::kEveryNth) {
      std::string bad = bytes;
      bad[at] = static_cast<char>(bad[at] ^ (1 << at % 8));
      const auto model = LanguageModel::parse(bad);
      ++(model.ok() ? loaded : refused);
      if (model.ok()) (*model)->score("A few words, des mots, \xE6\x96\x87\xE5\xAD\x97 </s> end", probabilities);
    }
  }
  EXPECT_GT(refused, 1000U / testing::kEveryNth);
  EXPECT_GT(loaded, 1000U / testing::kEveryNth);
}

// fastText reads the pairs of bucket and row into a map, so that of a bucket's rows the last one counts.
TEST(LanguageModelLoader, ABucketNamedTwiceKeepsItsLastRow) {
  const std::string bytes = small_models().back();
  const auto parts = parse_language_model(bytes);
  ASSERT_TRUE(parts.ok());
  const std::vector<std::pair<int32_t, int32_t>>& prune = parts->prune;
  std::string stored(prune.size() * 8, '\0');
  for (size_t i = 0; i < prune.size(); ++i) {
    const int32_t pair[] = {prune[i].first, prune[i].second};
    std::memcpy(&stored[i * 8], pair, sizeof pair);
  }
  const size_t at = bytes.find(stored);
  ASSERT_NE(at, std::string::npos);
  const std::string text = "Some words, des mots, ein paar W\u00F6rter, algunas palabras";
  // The scores where pairs i and i + 1 are the bucket of pair i with these rows.
  const auto scores = [&](size_t i, int32_t first, int32_t second) {
    std::string changed = bytes;
    const int32_t pairs[] = {prune[i].first, first, prune[i].first, second};
    std::memcpy(&changed[at + i * 8], pairs, sizeof pairs);
    const auto model = LanguageModel::parse(changed);
    EXPECT_TRUE(model.ok());
    std::vector<float> out;
    if (model.ok()) (*model)->score(text, out);
    return out;
  };
  size_t differing = 0;
  for (size_t i = 0; i + 1 < prune.size(); ++i) {
    const int32_t one = prune[i].second, other = prune[i + 1].second;
    EXPECT_EQ(scores(i, one, other), scores(i, other, other)) << i;
    differing += scores(i, one, one) != scores(i, other, other) ? 1 : 0;
  }
  EXPECT_GT(differing, 0U);  // buckets that the text has
}

TEST(LanguageModelLoader, NamesFileAndOffset) {
  testing::TemporaryFolder folder;
  write_file(folder / "bad.ftz", "not a model at all");
  try {
    LanguageModel::load(folder / "bad.ftz");
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("bad.ftz"), std::string::npos);
    EXPECT_NE(std::string(error.what()).find("model_bad_magic"), std::string::npos);
    EXPECT_NE(std::string(error.what()).find("byte"), std::string::npos);
  }
}

}  // namespace
}  // namespace ftok
