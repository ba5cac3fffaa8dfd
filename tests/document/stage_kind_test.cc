#include "document/stage_kind.h"

#include <gtest/gtest.h>

#include "core/error.h"

namespace ftok {
namespace {

struct LimitOptions {
  int64_t bytes_max = 4;
  std::string model = "there.bin";

  void visit(OptionVisitor& visitor) { visitor.field("bytes_max", bytes_max, "most bytes"); }
  static LimitOptions head() { return {.bytes_max = 8}; }
  bool idle() const { return bytes_max == 0; }
  unsigned more_needs() const { return bytes_max > 100 ? kLanguage : kNoContent; }
  void keep_content() { model.clear(); }
};

// A stage with each kind of verdict.
class Limit : public Stage {
 public:
  explicit Limit(LimitOptions options) : options_(std::move(options)) {
    if (options_.bytes_max < 0) throw UsageError("limit.bytes_max: -1 is not 0 or more, as limit.least and no.limit.x");
  }
  std::string_view name() const override { return "limit"; }
  using Stage::process;
  Verdict process(Document& document, Report* report) const override {
    if (document.text == "skip") return Verdict::skip("limit.skipped");
    if (document.text == "other") return Verdict::drop("other.reason");
    Judge judge(report);
    judge.above("limit.bytes", static_cast<double>(document.text.size()), static_cast<double>(options_.bytes_max));
    return judge.verdict();
  }
  std::string summary(const Document& document) const override { return document.text; }
  void describe(Provenance& provenance) const override {
    provenance.files["model"] = options_.model;
    provenance.digests["list"] = "abc";
    provenance.notes.push_back("stands in");
  }

 private:
  LimitOptions options_;
};

struct PlainOptions {
  void visit(OptionVisitor&) {}
};

const StageKind kLimit = stage_kind<Limit, LimitOptions>("limit", "drops long texts");

std::unique_ptr<const Stage> limit_named(const std::string& name, int64_t bytes_max = 4) {
  StageContext context;
  context.name = name;
  return make_stage(kLimit, StageOptionsOf<LimitOptions>({.bytes_max = bytes_max}), context);
}

Verdict judge(const Stage& stage, const char* text, Report* report = nullptr) {
  Document document;
  document.text = text;
  return stage.process(document, report);
}

TEST(StageKind, UnderItsOwnNameItIsTheStageItself) {
  const auto stage = limit_named("limit");
  EXPECT_EQ(stage->name(), "limit");
  EXPECT_TRUE(judge(*stage, "1234").kept());
  EXPECT_EQ(judge(*stage, "12345").reason, "limit.bytes");
  EXPECT_NE(dynamic_cast<const Limit*>(stage.get()), nullptr);
}

TEST(StageKind, UnderAnotherNameItsReasonsBearThat) {
  const auto stage = limit_named("short");
  EXPECT_EQ(stage->name(), "short");
  const Verdict verdict = judge(*stage, "12345");
  EXPECT_EQ(verdict.reason, "short.bytes");
  EXPECT_EQ(verdict.value, 5);
  EXPECT_EQ(judge(*stage, "123456").reason.c_str(), verdict.reason.c_str());
  EXPECT_TRUE(judge(*stage, "1234").kept());
  EXPECT_EQ(judge(*stage, "other").reason, "other.reason");  // not its own
  EXPECT_EQ(judge(*stage, "skip").reason, "limit.skipped");  // a kind of record
  Document document;
  document.text = "seen";
  EXPECT_EQ(stage->summary(document), "seen");
}

TEST(StageKind, UnderAnotherNameItsMeasurementsBearThat) {
  Report report;
  report.measurements.push_back({"limit.before", "", 0, 0, false, ""});
  judge(*limit_named("short"), "1", &report);
  ASSERT_EQ(report.measurements.size(), 2u);
  EXPECT_EQ(report.measurements[0].rule, "limit.before");
  EXPECT_EQ(report.measurements[1].rule, "short.bytes");
}

TEST(StageKind, WhatItRestsOnIsToldApartByTheName) {
  Provenance plain, named;
  limit_named("limit")->describe(plain);
  limit_named("short")->describe(named);
  EXPECT_EQ(plain.files.begin()->first, "model");
  EXPECT_EQ(named.files.begin()->first, "short: model");
  EXPECT_EQ(named.digests.begin()->first, "short: list");
  EXPECT_EQ(named.notes.at(0), "short: stands in");
}

TEST(StageKind, ErrorsOfItsOptionsNameTheSectionTheyStandIn) {
  const auto message_of = [](const std::string& name) {
    try {
      limit_named(name, -1);
    } catch (const UsageError& error) {
      return std::string(error.what());
    }
    return std::string("made");
  };
  EXPECT_EQ(message_of("limit"), "limit.bytes_max: -1 is not 0 or more, as limit.least and no.limit.x");
  EXPECT_EQ(message_of("short"), "short.bytes_max: -1 is not 0 or more, as short.least and no.limit.x");
}

TEST(StageKind, OptionsMayHaveMoreThanKeys) {
  const std::unique_ptr<StageOptions> options = kLimit.options(RuleSet::kHead);
  auto& value = static_cast<StageOptionsOf<LimitOptions>&>(*options).value;
  EXPECT_EQ(value.bytes_max, 8);
  EXPECT_FALSE(options->idle());
  EXPECT_EQ(options->more_needs(), kNoContent);
  const std::unique_ptr<StageOptions> copy = options->clone();
  value.bytes_max = 0;
  EXPECT_TRUE(options->idle());
  EXPECT_FALSE(copy->idle());
  value.bytes_max = 101;
  EXPECT_EQ(options->more_needs(), kLanguage);
  options->keep_content();
  EXPECT_EQ(value.model, "");
  EXPECT_EQ(value.bytes_max, 101);
}

TEST(StageKind, OptionsNeedNotHaveMoreThanKeys) {
  const std::unique_ptr<StageOptions> options = default_options<PlainOptions>(RuleSet::kHead);
  EXPECT_FALSE(options->idle());
  EXPECT_EQ(options->more_needs(), kNoContent);
  options->keep_content();
}

TEST(StageKind, AScoreBearsTheNameOfTheStage) {
  StageContext context;
  context.name = "toxicity";
  EXPECT_EQ(context.score_name(), "toxicity_score");
}

}  // namespace
}  // namespace ftok
