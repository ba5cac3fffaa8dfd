// PipelineOrder: the order that TBB keeps in a pipeline, told to the thread sanitizer, which does not see it (see
// happens_before.h): the start before everything and everything before the end, a serial filter's calls one after the
// other, and an item's way from filter to filter. Without the sanitizer it is nothing.
#pragma once

#include "core/happens_before.h"

namespace ftok {

// One pipeline, from just before it starts until it has ended.
class PipelineOrder {
 public:
  PipelineOrder() { happens_before(&kStarted); }
  ~PipelineOrder() { happens_after(&ended_); }
  PipelineOrder(const PipelineOrder&) = delete;
  PipelineOrder& operator=(const PipelineOrder&) = delete;

  // To be called first in a filter's body: makes visible the closure through which the body reads its captures, and
  // for that reason is static itself.
  static void enter() { happens_after(&kStarted); }

  // A call of a filter, until the end of the scope. `serial` is an address that stands for a filter which is called
  // once at a time, and null for others.
  class Call {
   public:
    Call(const PipelineOrder& order, const void* serial) : done_(&order.ended_), serial_done_(serial) {
      if (serial != nullptr) happens_after(serial);
    }

   private:
    HappensBefore done_, serial_done_;
  };

  // The use of an item in a call, until the end of the scope; `item` is the address of where it lies.
  class Use {
   public:
    explicit Use(const void* item) : done_(item) { happens_after(item); }

   private:
    HappensBefore done_;
  };

 private:
  static constexpr char kStarted = 0;
  const char ended_ = 0;
};

}  // namespace ftok
