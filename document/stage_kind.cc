#include "document/stage_kind.h"

#include <mutex>
#include <shared_mutex>
#include <utility>
#include <vector>

#include "core/error.h"
#include "document/batch_stage.h"

namespace ftok {
namespace {

Reason intern_or_throw(const std::string& name) {
  const std::optional<Reason> reason = Reason::intern(name);
  if (!reason) throw Error("recipe: '" + name + "' cannot be the name of a reason");
  return *reason;
}

// A stage under another name than its kind's. `Base` is Stage or BatchStage.
template <typename Base>
class NamedStage : public Base {
 public:
  NamedStage(std::unique_ptr<const Base> stage, std::string_view kind, std::string name)
      : stage_(std::move(stage)), kind_prefix_(std::string(kind) + "."), name_(std::move(name)) {}

  std::string_view name() const override { return name_; }

  using Base::process;
  Verdict process(Document& document, Report* report) const override {
    const size_t before = report == nullptr ? 0 : report->measurements.size();
    Verdict verdict = stage_->process(document, report);
    if (verdict.kind == Verdict::Kind::kDrop) verdict.reason = renamed(verdict.reason);
    if (report != nullptr) {
      for (size_t i = before; i < report->measurements.size(); ++i) {
        report->measurements[i].rule = renamed(report->measurements[i].rule);
      }
    }
    return verdict;
  }

  std::string summary(const Document& document) const override { return stage_->summary(document); }

  void describe(Provenance& provenance) const override {
    Provenance own;
    stage_->describe(own);
    for (auto& [what, digest] : own.digests) provenance.digests[name_ + ": " + what] = std::move(digest);
    for (auto& [what, path] : own.files) provenance.files[name_ + ": " + what] = std::move(path);
    for (const std::string& note : own.notes) provenance.notes.push_back(name_ + ": " + note);
  }

 protected:
  // "classifier.low_score" -> "toxicity.low_score"; interned when it is first met, found by its address after that.
  Reason renamed(Reason reason) const {
    if (!reason.view().starts_with(kind_prefix_)) return reason;
    {
      const std::shared_lock lock(mutex_);
      for (const auto& [from, to] : renamed_) {
        if (from == reason.c_str()) return to;
      }
    }
    const Reason to = intern_or_throw(name_ + "." + std::string(reason.view().substr(kind_prefix_.size())));
    const std::unique_lock lock(mutex_);
    renamed_.emplace_back(reason.c_str(), to);
    return to;
  }

  std::unique_ptr<const Base> stage_;

 private:
  std::string kind_prefix_;
  std::string name_;
  mutable std::shared_mutex mutex_;
  mutable std::vector<std::pair<const char*, Reason>> renamed_;  // a few: one per rule that was met
};

class NamedBatchStage : public NamedStage<BatchStage> {
 public:
  using NamedStage::NamedStage;

  size_t batch_documents() const override { return stage_->batch_documents(); }
  std::vector<Outcome> process_batch(std::span<Document* const> documents) const override {
    std::vector<Outcome> outcomes = stage_->process_batch(documents);
    for (Outcome& outcome : outcomes) {
      if (outcome.verdict.kind == Verdict::Kind::kDrop) outcome.verdict.reason = renamed(outcome.verdict.reason);
    }
    return outcomes;
  }
  void finish() const override { stage_->finish(); }
  std::vector<std::string> take_warnings() const override { return stage_->take_warnings(); }
};

std::unique_ptr<const Stage> named_stage(std::unique_ptr<const Stage> stage, std::string_view kind,
                                         const std::string& name) {
  const auto* const batches = dynamic_cast<const BatchStage*>(stage.get());
  if (batches == nullptr) return std::make_unique<NamedStage<Stage>>(std::move(stage), kind, name);
  stage.release();
  return std::make_unique<NamedBatchStage>(std::unique_ptr<const BatchStage>(batches), kind, name);
}

// Options are called KIND.KEY in errors: here by the section they stand in.
std::string renamed_message(std::string message, std::string_view kind, const std::string& name) {
  const std::string from = std::string(kind) + ".", to = name + ".";
  for (size_t at = message.find(from); at != std::string::npos; at = message.find(from, at + to.size())) {
    if (at > 0 && message[at - 1] != ' ') continue;
    message.replace(at, from.size(), to);
  }
  return message;
}

}  // namespace

std::string_view content_name(unsigned content) {
  if ((content & kPayload) != 0) return "the payload of a record";
  if ((content & kHtml) != 0) return "a page in HTML";
  if ((content & kText) != 0) return "a text";
  if ((content & kLanguage) != 0) return "a language";
  if ((content & kBucketKeys) != 0) return "bucket keys";
  return "nothing";
}

Reason StageContext::share_name() const { return intern_or_throw(name + "_share"); }

Reason StageContext::score_name() const { return intern_or_throw(name + "_score"); }

std::unique_ptr<const Stage> make_stage(const StageKind& kind, const StageOptions& options,
                                        const StageContext& context) {
  if (context.name == kind.name) return kind.make(options, context);
  try {
    return named_stage(kind.make(options, context), kind.name, context.name);
  } catch (const UsageError& error) {
    throw UsageError(renamed_message(error.what(), kind.name, context.name));
  }
}

}  // namespace ftok
