#include "crawl/sources/rows_input.h"

namespace ftok {

bool RowsInput::step() {
  if (members().empty()) begin_member(0);
  if (done_) return false;
  out_.clear();
  const bool more = inner_->grow();
  const std::vector<Damage> found = inner_->take_damage();
  if (!found.empty()) {
    // What lies behind damage cannot be told apart from what lies before it: rows have no beginning to look for.
    for (const Damage& one : found) add_damage(one.code.c_str(), row_, one.detail);
    damage("rows.lost", "the rest of the input is not read");
    done_ = true;
    end(out_);
  } else {
    const std::string_view bytes = inner_->window();
    translate(bytes, out_);
    inner_->consume(bytes.size());
    if (!more && !done_) {
      done_ = true;
      end(out_);
    }
  }
  if (!out_.empty()) {
    out_.copy(window_.reserve(out_.size()), out_.size());
    window_.commit(out_.size());
  }
  if (done_ && last_member()->end == Member::kOpen) end_member();
  return !done_ || !out_.empty();
}

}  // namespace ftok
