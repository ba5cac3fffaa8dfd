// The classifier stage, with models that the fastText library trains here and scores beside ours.
#include "filters/classifier.h"

#include <fasttext/args.h>
#include <fasttext/fasttext.h>
#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <sstream>

#include "core/error.h"
#include "core/file.h"
#include "filters/filter_stages.h"
#include "tests/support/test_data.h"

namespace ftok {
namespace {

// A line of words: of the harbour or of the kitchen.
std::string line_about(bool harbour, std::mt19937& random) {
  static const std::vector<std::string> kWords[2] = {
      {"flour", "butter", "oven", "stir", "salt", "knead", "sugar", "bowl"},
      {"ship", "anchor", "quay", "tide", "sail", "rope", "mast", "pilot"}};
  static const std::vector<std::string> kCommon = {"the", "a", "in", "at", "with", "and", "slowly"};
  std::string line;
  for (int i = 0; i < 12; ++i) {
    const std::vector<std::string>& words = random() % 3 == 0 ? kCommon : kWords[harbour ? 1 : 0];
    line += (line.empty() ? "" : " ") + words[random() % words.size()];
  }
  return line;
}

class Classifier : public ::testing::Test {
 protected:
  std::string train(fasttext::loss_name loss) {
    std::mt19937 random(1);
    std::string lines;
    for (int i = 0; i < 400; ++i) lines += fmt_label(i % 2 == 1) + line_about(i % 2 == 1, random) + "\n";
    write_file(folder_ / "train.txt", lines);
    fasttext::Args args;
    args.input = folder_ / "train.txt";
    args.model = fasttext::model_name::sup;
    args.loss = loss;
    args.dim = 20;
    args.epoch = 5;
    args.lr = 0.5;
    args.minCount = 1;
    args.minn = args.maxn = 0;
    args.wordNgrams = 2;
    args.bucket = 2000;
    args.thread = 1;
    args.verbose = 0;
    fasttext::FastText model;
    model.train(args);
    const std::string path = folder_ / "model.bin";
    model.saveModel(path);
    return path;
  }
  static std::string fmt_label(bool harbour) { return harbour ? "__label__harbour " : "__label__kitchen "; }

  ClassifierOptions options(const std::string& label) {
    ClassifierOptions options;
    options.model = train(fasttext::loss_name::softmax);
    options.label = label;
    return options;
  }
  testing::TemporaryFolder folder_;
};

TEST_F(Classifier, ScoresAreFastTexts) {
  for (const auto loss :
       {fasttext::loss_name::softmax, fasttext::loss_name::hs, fasttext::loss_name::ova, fasttext::loss_name::ns}) {
    ClassifierOptions options;
    options.model = train(loss);
    options.label = "harbour";
    const ClassifierStage stage(options);
    fasttext::FastText library;
    library.loadModel(options.model);
    std::mt19937 random(2);
    for (int i = 0; i < 200; ++i) {
      Document document;
      document.text =
          line_about(i % 2 == 1, random) + "\n" + line_about(i % 3 == 1, random) + (i % 5 == 0 ? " unheard of" : "");
      ASSERT_TRUE(stage.process(document).kept());
      std::string one_line = document.text;
      one_line[one_line.find('\n')] = ' ';
      std::istringstream stream(one_line + "\n");
      std::vector<std::pair<fasttext::real, std::string>> theirs;
      library.predictLine(stream, theirs, -1, 0.0);
      double expected = 0;
      for (const auto& [probability, label] : theirs) {
        if (label == "__label__harbour") expected = std::min(1.0, static_cast<double>(probability));
      }
      ASSERT_NEAR(document.scores.back().value, expected, 2e-5) << document.text;
    }
  }
}

TEST_F(Classifier, BothSidesOfBothThresholds) {
  Document document;
  document.text = "the ship at the quay\nand a slowly stir in the bowl";
  ClassifierOptions given = options("__label__harbour");
  ASSERT_TRUE(ClassifierStage(given).process(document).kept());
  const double score = document.scores.at(0).value;
  ASSERT_GT(score, 0.01);
  ASSERT_LT(score, 0.99);

  given.score_min = score;
  EXPECT_TRUE(ClassifierStage(given).process(document).kept());
  given.score_min = score + 1e-9;
  Verdict verdict = ClassifierStage(given).process(document);
  EXPECT_EQ(verdict.reason, "classifier.low_score");
  EXPECT_EQ(verdict.value, score);
  EXPECT_EQ(verdict.threshold, score + 1e-9);

  given.score_min = 0;
  given.score_max = score;
  EXPECT_TRUE(ClassifierStage(given).process(document).kept());
  given.score_max = score - 1e-9;
  EXPECT_EQ(ClassifierStage(given).process(document).reason, "classifier.high_score");
}

// Two models in one recipe: each has its name, its thresholds, its score and its reasons.
TEST_F(Classifier, TwoOfThemOnOneDocument) {
  const StageKind* kind = nullptr;
  for (const StageKind& each : filter_stages()) kind = each.name == "classifier" ? &each : kind;
  ASSERT_NE(kind, nullptr);
  const auto stage_named = [&](const std::string& name, const std::string& label, double score_min) {
    ClassifierOptions given = options(label);
    const std::string own = folder_ / (name + ".bin");
    std::filesystem::rename(given.model, own);
    given.model = own;
    given.score_min = score_min;
    StageContext context;
    context.name = name;
    return make_stage(*kind, StageOptionsOf<ClassifierOptions>(given), context);
  };
  const auto harbour = stage_named("harbour", "harbour", 0.5), kitchen = stage_named("classifier", "kitchen", 0.5);
  Document document;
  document.text = "ship anchor quay tide";
  EXPECT_TRUE(harbour->process(document).kept());
  EXPECT_EQ(kitchen->process(document).reason, "classifier.low_score");
  ASSERT_EQ(document.scores.size(), 2u);
  EXPECT_EQ(document.scores[0].name, "harbour_score");
  EXPECT_GT(document.scores[0].value, 0.5);
  EXPECT_EQ(document.scores[1].name, "classifier_score");
  EXPECT_LT(document.scores[1].value, 0.5);
  document.text = "flour butter oven stir";
  EXPECT_EQ(harbour->process(document).reason, "harbour.low_score");
  EXPECT_TRUE(kitchen->process(document).kept());
  EXPECT_THROW(
      try { stage_named("harbour", "galley", 0); } catch (const UsageError& error) {
        EXPECT_TRUE(std::string(error.what()).starts_with("harbour.label: got \"galley\"")) << error.what();
        throw;
      },
      UsageError);
}

TEST_F(Classifier, OnlyTheFirstBytesWhereAsked) {
  ClassifierOptions given = options("harbour");
  Document ship, both;
  ship.text = "ship anchor quay tide";
  both.text = ship.text + " flour butter oven stir salt";
  ClassifierStage(given).process(ship);
  given.text_bytes_max = static_cast<int64_t>(ship.text.size());
  ClassifierStage(given).process(both);
  EXPECT_EQ(both.scores.back().value, ship.scores.back().value);
  given.text_bytes_max = 0;
  ClassifierStage(given).process(both);
  EXPECT_LT(both.scores.back().value, ship.scores.back().value);
}

TEST_F(Classifier, RefusesWhatCannotBeMeant) {
  const auto message_of = [](const ClassifierOptions& given) {
    try {
      const ClassifierStage stage(given);
    } catch (const Error& error) {
      return std::string(error.what());
    }
    return std::string("accepted");
  };
  ClassifierOptions given = options("good");
  EXPECT_NE(message_of(given).find("classifier.label: got \"good\""), std::string::npos) << message_of(given);
  EXPECT_NE(message_of(given).find("kitchen"), std::string::npos) << message_of(given);
  given.label = "kitchen";
  given.score_min = 0.6;
  given.score_max = 0.5;
  EXPECT_NE(message_of(given).find("classifier.score_min: got 0.6"), std::string::npos) << message_of(given);
  write_file(folder_ / "broken.bin", "no model");
  given.model = folder_ / "broken.bin";
  EXPECT_NE(message_of(given).find("broken.bin: not a usable fastText model"), std::string::npos) << message_of(given);
}

}  // namespace
}  // namespace ftok
