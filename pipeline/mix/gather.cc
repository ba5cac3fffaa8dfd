#include "pipeline/mix/gather.h"

#include <oneapi/tbb/parallel_for.h>

#include <algorithm>
#include <memory>
#include <mutex>
#include <string>

#include "core/ordered_pipeline.h"
#include "core/signals.h"

namespace ftok {
namespace {

// What is taken at a time: little enough that it stays in the processor's cache until it is written.
constexpr size_t kBlockTokens = size_t{1} << 15;
constexpr size_t kBlockDocuments = 512;

// What a thread gathers with; used again for another block.
struct Workplace {
  explicit Workplace(const std::vector<ShardSource::Picker>& sources) : pickers(sources) {}

  struct Row {
    size_t id_end = 0, tokens_end = 0;  // in `ids`, `tokens`
  };
  std::vector<ShardSource::Picker> pickers;  // of the sources
  std::vector<uint32_t> tokens;
  std::string ids;
  std::vector<Row> rows;
};

struct GatherBlock {
  std::span<const PlannedDocument> plan;
  std::unique_ptr<Workplace> workplace;
};

class Gatherer {
 public:
  Gatherer(std::span<const PlannedDocument> plan, const std::vector<const ShardSource*>& sources,
           const std::function<void(const GatheredDocument&)>& emit)
      : left_(plan), emit_(emit) {
    pickers_.reserve(sources.size());
    for (const ShardSource* source : sources) pickers_.emplace_back(*source);
    for (const ShardSource::Picker& picker : pickers_) {
      tbb::parallel_for(size_t{0}, picker.shards(), [&](size_t shard) {
        if (stop_requested()) throw Stopped();
        picker.compare_checksums(shard);
      });
    }
  }

  void run(size_t threads) {
    ordered_pipeline<GatherBlock>(
        threads + 1, [this] { return next(); }, [](GatherBlock& block) { take(block); },
        [this](GatherBlock& block) { emit(block); });
  }

 private:
  std::unique_ptr<GatherBlock> next() {
    if (stop_requested()) throw Stopped();
    if (left_.empty()) return nullptr;
    size_t documents = 0;
    for (size_t tokens = 0; documents < std::min(left_.size(), kBlockDocuments);) {
      tokens += left_[documents].tokens;
      if (documents > 0 && tokens > kBlockTokens) break;
      ++documents;
    }
    auto block = std::make_unique<GatherBlock>();
    block->plan = left_.first(documents);
    left_ = left_.subspan(documents);
    block->workplace = workplace();
    return block;
  }

  std::unique_ptr<Workplace> workplace() {
    {
      const std::lock_guard lock(mutex_);
      if (!idle_.empty()) {
        std::unique_ptr<Workplace> one = std::move(idle_.back());
        idle_.pop_back();
        return one;
      }
    }
    return std::make_unique<Workplace>(pickers_);
  }

  static void take(GatherBlock& block) {
    Workplace& at = *block.workplace;
    at.tokens.clear();
    at.ids.clear();
    at.rows.clear();
    for (const PlannedDocument& planned : block.plan) {
      const SourceDocument document = at.pickers[planned.source].read(planned.place);
      at.tokens.insert(at.tokens.end(), document.tokens.begin(), document.tokens.end());
      at.ids += document.id;
      at.rows.push_back({at.ids.size(), at.tokens.size()});
    }
  }

  void emit(GatherBlock& block) {
    Workplace& at = *block.workplace;
    Workplace::Row begin;
    for (size_t i = 0; i < at.rows.size(); ++i) {
      const Workplace::Row& end = at.rows[i];
      GatheredDocument document;
      document.id = std::string_view(at.ids).substr(begin.id_end, end.id_end - begin.id_end);
      document.tokens = std::span(at.tokens).subspan(begin.tokens_end, end.tokens_end - begin.tokens_end);
      document.validates = block.plan[i].validates != 0;
      emit_(document);
      begin = end;
    }
    if (at.tokens.capacity() > 4 * kBlockTokens) at.tokens = {};  // of a long document
    const std::lock_guard lock(mutex_);
    idle_.push_back(std::move(block.workplace));
  }

  std::span<const PlannedDocument> left_;
  const std::function<void(const GatheredDocument&)>& emit_;
  std::vector<ShardSource::Picker> pickers_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<Workplace>> idle_;
};

}  // namespace

void gather(std::vector<PlannedDocument>& plan, const std::vector<const ShardSource*>& sources, size_t threads,
            const std::function<void(const GatheredDocument&)>& emit) {
  std::sort(plan.begin(), plan.end(), [](const PlannedDocument& a, const PlannedDocument& b) { return a.key < b.key; });
  Gatherer(plan, sources, emit).run(threads);
}

}  // namespace ftok
