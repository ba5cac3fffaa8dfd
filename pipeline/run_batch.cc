#include "pipeline/run_batch.h"

#include <algorithm>
#include <iterator>

#include "document/batch_stage.h"
#include "pipeline/plan.h"
#include "pipeline/run/cpu_clock.h"
#include "text/unicode.h"

namespace ftok {
namespace {

const BatchStage* as_batch_stage(const std::unique_ptr<const Stage>& stage) {
  return dynamic_cast<const BatchStage*>(stage.get());
}

// Whether the stages behind one that said `verdict` have something to do.
bool goes_on(const Verdict& verdict, const Document& document, bool measure) {
  return verdict.kept() || (measure && verdict.kind != Verdict::Kind::kSkip && !has_nothing_to_judge(document));
}

// The items whose documents a stage makes more of.
class StageRun {
 public:
  StageRun(std::vector<Item>& items, std::vector<char>& running) : items_(items), running_(running) {}

  void run(const BatchStage& stage, bool measure) {
    std::vector<size_t> chosen;
    std::vector<Document*> documents;
    for (size_t i = 0; i < items_.size(); ++i) {
      if (running_[i] == 0) continue;
      chosen.push_back(i);
      documents.push_back(&items_[i].document);
    }
    if (chosen.empty()) return;
    std::vector<BatchStage::Outcome> outcomes = stage.process_batch(documents);
    for (size_t i = chosen.size(); i-- > 0;) take(chosen[i], outcomes[i], measure);
  }

 private:
  void take(size_t at, BatchStage::Outcome& outcome, bool measure) {
    Item& item = items_[at];
    if (measure) note_unmeasured(item.report, outcome.verdict);
    running_[at] = goes_on(outcome.verdict, item.document, measure) ? 1 : 0;
    if (item.verdict.kept()) item.verdict = std::move(outcome.verdict);
    if (outcome.more.empty()) return;
    std::vector<Item> more(outcome.more.size());
    for (size_t i = 0; i < more.size(); ++i) {
      more[i].document = std::move(outcome.more[i]);
      more[i].sequence = item.sequence;
    }
    const auto behind = static_cast<std::ptrdiff_t>(at) + 1;
    running_.insert(running_.begin() + behind, more.size(), char{1});
    items_.insert(items_.begin() + behind, std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
  }

  std::vector<Item>& items_;
  std::vector<char>& running_;
};

}  // namespace

bool has_nothing_to_judge(const Document& document) { return document.html.empty() && is_empty_text(document.text); }

size_t batch_documents(StageSpan stages) {
  size_t most = 1;
  for (const auto& stage : stages) {
    if (const BatchStage* const batches = as_batch_stage(stage)) most = std::max(most, batches->batch_documents());
  }
  return most;
}

namespace {

bool run_on_clock(StageSpan stages, Item& item, bool measure, StageClock& clock, MemoryBudget* budget) {
  MemoryBudget::Share share(budget);
  for (size_t i = 0; i < stages.size(); ++i) {
    if (budget != nullptr) share.resize(working_bytes(item.document, *stages[i]));
    const bool had_text = measure && !is_empty_text(item.document.text);
    clock.start_stage();
    Verdict verdict = stages[i]->process(item.document, measure ? &item.report : nullptr);
    clock.end_stage(i);
    if (verdict.kept()) continue;
    if (measure) note_unmeasured(item.report, verdict);
    // A text that the stage has just emptied is judged on: at another threshold it would have been.
    const bool more = had_text || goes_on(verdict, item.document, measure);
    if (item.verdict.kept()) item.verdict = std::move(verdict);
    if (!more) return false;
  }
  return true;
}

}  // namespace

bool run_some_stages(StageSpan stages, Item& item, bool measure, std::atomic<uint64_t>* stage_ns,
                     MemoryBudget* budget) {
  StageClock clock(stage_ns, stages.size());
  return run_on_clock(stages, item, measure, clock, budget);
}

void run_batch(StageSpan stages, std::vector<Item>& items, bool measure, std::atomic<uint64_t>* stage_ns,
               MemoryBudget* budget, const std::function<void(const std::string&)>& warn) {
  std::vector<char> running(items.size());
  for (size_t i = 0; i < items.size(); ++i) running[i] = items[i].verdict.kept() ? 1 : 0;
  for (size_t begin = 0; begin < stages.size();) {
    size_t end = begin;
    while (end < stages.size() && as_batch_stage(stages[end]) == nullptr) ++end;
    if (end > begin) {
      StageClock clock(stage_ns == nullptr ? nullptr : stage_ns + begin, end - begin);
      for (size_t i = 0; i < items.size(); ++i) {
        if (running[i] == 0) continue;
        running[i] = run_on_clock(stages.subspan(begin, end - begin), items[i], measure, clock, budget) ? 1 : 0;
      }
    }
    if (end < stages.size()) {
      const BatchStage& stage = *as_batch_stage(stages[end]);
      const CpuTimer timer(stage_ns == nullptr ? nullptr : stage_ns + end);
      StageRun(items, running).run(stage, measure);
      for (const std::string& warning : stage.take_warnings()) warn(warning);
      ++end;
    }
    begin = end;
  }
}

void finish_stages(StageSpan stages, const Log& log) {
  for (const auto& each : stages) {
    const BatchStage* const stage = as_batch_stage(each);
    if (stage == nullptr) continue;
    stage->finish();
    for (const std::string& warning : stage->take_warnings()) log(LogLevel::kWarning, warning);
  }
}

}  // namespace ftok
