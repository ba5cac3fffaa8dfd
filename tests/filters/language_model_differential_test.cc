// LanguageModel against the fastText library: the same labels, scores within 1e-5, on real text.
#include <fasttext/fasttext.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <sstream>

#include "core/file.h"
#include "filters/language_model.h"
#include "tests/filters/packed_data.h"
#include "tests/support/test_data.h"

namespace ftok {
namespace {

struct Disagreement {
  size_t texts = 0, labels = 0, scores = 0;
  double largest = 0;
};

class LanguageModelDifferential : public ::testing::Test {
 protected:
  static Disagreement compare(const std::string& model_path, const std::vector<std::string>& texts) {
    fasttext::FastText library;
    library.loadModel(model_path);
    const auto model = LanguageModel::load(model_path);
    Disagreement out;
    std::vector<float> probabilities;
    for (const std::string& text : texts) {
      std::string line = text;
      std::replace(line.begin(), line.end(), '\n', ' ');
      std::istringstream stream(line + "\n");
      std::vector<std::pair<fasttext::real, std::string>> theirs;
      library.predictLine(stream, theirs, -1, 0.0);
      const bool known = model->score(text, probabilities);
      ++out.texts;
      if (!known) {  // the library answers by the end of the line, which is in every text
        std::istringstream end("\n");
        std::vector<std::pair<fasttext::real, std::string>> of_end;
        library.predictLine(end, of_end, -1, 0.0);
        out.labels += theirs == of_end ? 0 : 1;
        continue;
      }
      if (theirs.empty()) {
        ++out.labels;
        continue;
      }
      for (const auto& [probability, label] : theirs) {
        const std::string name = label.substr(std::string("__label__").size());
        const auto at = std::find(model->labels().begin(), model->labels().end(), name) - model->labels().begin();
        // fastText leaves out what is below its floor of 1e-5, we say 0: at the floor itself rounding may decide
        // otherwise.
        if (probabilities[static_cast<size_t>(at)] == 0 && probability < 1.001e-5F) continue;
        const double gap = std::abs(static_cast<double>(probability - probabilities[static_cast<size_t>(at)]));
        out.largest = std::max(out.largest, gap);
        out.scores += gap > 1e-5 ? 1 : 0;
      }
      const auto best = std::max_element(probabilities.begin(), probabilities.end()) - probabilities.begin();
      const bool tie = theirs.size() > 1 && theirs[0].first - theirs[1].first < 1e-5F;
      if (!tie && "__label__" + model->labels()[static_cast<size_t>(best)] != theirs[0].second) ++out.labels;
    }
    std::printf("%zu texts, %zu labels differ, %zu scores off by more than 1e-5, largest gap %.2e\n", out.texts,
                out.labels, out.scores, out.largest);
    return out;
  }

  static std::string lid176() { return (testing::test_data_folder() / "lid" / "lid.176.ftz").string(); }
};

TEST_F(LanguageModelDifferential, SentencesOf75Languages) {
  FTOK_NEEDS_TEST_DATA("lid/lingua_sentences.tar.zst");
  std::vector<std::string> texts;
  const std::string packed = (testing::test_data_folder() / "lid" / "lingua_sentences.tar.zst").string();
  for (const auto& [name, text] : testing::read_tar(testing::read_zstd(packed))) {
    if (!name.ends_with(".txt")) continue;
    for (std::string& line : testing::lines_of(text)) texts.push_back(std::move(line));
  }
  ASSERT_GT(texts.size(), 70000U);
  const Disagreement d = compare(lid176(), texts);
  EXPECT_EQ(d.labels, 0U);
  EXPECT_EQ(d.scores, 0U);
}

TEST_F(LanguageModelDifferential, WebDocuments) {
  FTOK_NEEDS_TEST_DATA("text/c4_1000.jsonl.zst");
  const std::string packed = (testing::test_data_folder() / "text" / "c4_1000.jsonl.zst").string();
  std::vector<std::string> texts = testing::json_fields(testing::read_zstd(packed), "text");
  ASSERT_EQ(texts.size(), 1000U);
  const Disagreement d = compare(lid176(), texts);
  EXPECT_EQ(d.labels, 0U);
  EXPECT_EQ(d.scores, 0U);
}

TEST_F(LanguageModelDifferential, OddText) {
  FTOK_NEEDS_TEST_DATA("lid/lid.176.ftz");
  const std::vector<std::string> texts = {
      // clang-format off
      "", " ", "\n\n", "a", "</s>", "hello </s> bonjour tout le monde", "__label__en", "__label__fr ceci est un texte",
      std::string("nul\0byte", 8), "\xff\xfe\x80\x80 broken", "caf\xc3",
      "\xe4\xb8\xad\xe6\x96\x87\xe6\x96\x87\xe6\x9c\xac",
      "tab\tand\vvertical\fform\rreturn", std::string(5000, 'x'), "1 2 3", "<", "<>", "> <",
      "\xc2\xa0no-break\xc2\xa0space",
      // clang-format on
  };
  const Disagreement d = compare(lid176(), texts);
  EXPECT_EQ(d.labels, 0U);
  EXPECT_EQ(d.scores, 0U);
}

}  // namespace
}  // namespace ftok
