// ordered_pipeline: serial source -> parallel work -> serial sink in order. The only user of tbb::parallel_pipeline.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <vector>

#include <oneapi/tbb/parallel_pipeline.h>
#include <oneapi/tbb/task_arena.h>

#include "core/pipeline_order.h"

namespace ftok {

// Calls `next` (serial) until it returns null, `work` on each item (parallel, any order), and `emit` (serial, in the
// order of `next`). At most `live_max` items exist at a time, which bounds memory. An exception from any of the three
// ends the pipeline and is rethrown; a cancellation around it does not end it half-way (a half-read input must never
// look whole). Runs in the current TBB arena; the calling thread does not take up tasks of other pipelines while it
// waits, so a run has as many inputs in flight as it means to.
template <typename T>
void ordered_pipeline(size_t live_max, const std::function<std::unique_ptr<T>()>& next,
                      const std::function<void(T&)>& work, const std::function<void(T&)>& emit) {
  namespace tbb = oneapi::tbb;
  // Items live in slots and TBB passes slot numbers: what is in flight when an exception ends the pipeline is destroyed
  // with them. Items leave in the order they came, so the n-th item finds slot n mod live_max free.
  std::vector<std::unique_ptr<T>> slots(live_max);
  size_t count = 0;
  tbb::task_group_context context(tbb::task_group_context::isolated);
  const PipelineOrder order;
  const auto read_one = [&](tbb::flow_control& control) -> size_t {
    PipelineOrder::enter();
    const PipelineOrder::Call call(order, &next);
    const size_t slot = count++ % live_max;
    const PipelineOrder::Use use(&slots[slot]);
    slots[slot] = next();
    if (slots[slot] == nullptr) control.stop();
    return slot;
  };
  const auto work_one = [&](size_t slot) -> size_t {
    PipelineOrder::enter();
    const PipelineOrder::Call call(order, nullptr);
    const PipelineOrder::Use use(&slots[slot]);
    work(*slots[slot]);
    return slot;
  };
  const auto emit_one = [&](size_t slot) {
    PipelineOrder::enter();
    const PipelineOrder::Call call(order, &emit);
    const PipelineOrder::Use use(&slots[slot]);
    emit(*slots[slot]);
    slots[slot].reset();
  };
  tbb::this_task_arena::isolate([&] {
    tbb::parallel_pipeline(live_max,
                           tbb::make_filter<void, size_t>(tbb::filter_mode::serial_in_order, read_one) &
                               tbb::make_filter<size_t, size_t>(tbb::filter_mode::parallel, work_one) &
                               tbb::make_filter<size_t, void>(tbb::filter_mode::serial_in_order, emit_one),
                           context);
  });
}

}  // namespace ftok
