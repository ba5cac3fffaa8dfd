// Runs the stages on several items at a time, for recipes with a stage that wants batches (document/batch_stage.h).
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/log.h"
#include "core/memory_budget.h"
#include "document/stage.h"

namespace ftok {

using StageSpan = std::span<const std::unique_ptr<const Stage>>;

// Whether there is neither a page nor a text (is_empty_text).
bool has_nothing_to_judge(const Document& document);

// The most documents that a stage wants at a time; 1 where none wants batches.
size_t batch_documents(StageSpan stages);

// As run_stages (plan.h) says, on a part of a list of stages. Returns whether later stages have something to do.
bool run_some_stages(StageSpan stages, Item& item, bool measure, std::atomic<uint64_t>* stage_ns, MemoryBudget* budget);

// The same on each of `items`, in batches where a stage wants them. What a stage makes of an item beside its own
// document stands behind it, with the item's sequence. `warn` gets what the stages have to say.
void run_batch(StageSpan stages, std::vector<Item>& items, bool measure, std::atomic<uint64_t>* stage_ns,
               MemoryBudget* budget, const std::function<void(const std::string&)>& warn);

// After the last document: ends what stages have started (BatchStage::finish), and warns of what they have to say.
void finish_stages(StageSpan stages, const Log& log);

}  // namespace ftok
