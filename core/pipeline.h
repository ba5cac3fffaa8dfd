// ordered_pipeline: serial source -> parallel work -> serial sink in order. The only user of tbb::parallel_pipeline.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>

#include <oneapi/tbb/parallel_pipeline.h>
#include <oneapi/tbb/task_arena.h>

namespace ftok {

// Calls `next` (serial) until it returns null, `work` on each item (parallel, any order), and `emit` (serial, in the order of
// `next`). At most `live_max` items exist at a time, which bounds memory. An exception from any of the three ends the
// pipeline and is rethrown; a cancellation around it does not end it half-way (a half-read input must never look whole). Runs
// in the current TBB arena; the calling thread does not take up tasks of other pipelines
// while it waits, so a run has as many inputs in flight as it means to.
template <typename T>
void ordered_pipeline(size_t live_max, const std::function<std::unique_ptr<T>()>& next,
                      const std::function<void(T&)>& work, const std::function<void(T&)>& emit) {
  namespace tbb = oneapi::tbb;
  using Token = std::shared_ptr<T>;  // not a bare pointer: TBB destroys the tokens in flight when an exception ends it
  tbb::task_group_context context(tbb::task_group_context::isolated);
  const auto pipeline = [&] {
    tbb::parallel_pipeline(
        live_max,
        tbb::make_filter<void, Token>(tbb::filter_mode::serial_in_order,
                                      [&](tbb::flow_control& control) -> Token {
                                        Token item = next();
                                        if (item == nullptr) control.stop();
                                        return item;
                                      }) &
            tbb::make_filter<Token, Token>(tbb::filter_mode::parallel,
                                           [&](Token item) -> Token {
                                             work(*item);
                                             return item;
                                           }) &
            tbb::make_filter<Token, void>(tbb::filter_mode::serial_in_order, [&](Token item) { emit(*item); }),
        context);
  };
  tbb::this_task_arena::isolate(pipeline);
}

}  // namespace ftok
