#include "crawl/sources/rows_input.h"

#include <algorithm>

namespace ftok {

bool RowsInput::step() {
  if (members().empty()) begin_member(0);
  if (done_) return false;
  out_.clear();
  const char* cut = nullptr;  // the damage that a row is cut by
  const bool more = inner_->grow();
  const std::vector<Damage> found = inner_->take_damage();
  const std::string_view bytes = inner_->window();
  if (found.empty()) {
    translate(bytes, out_);
    inner_->consume(bytes.size());
    if (!more && !done_) {
      done_ = true;
      end(out_);
    }
  } else {
    // What lies behind damage is not read: rows have no beginning to look for.
    const size_t sound = std::max(inner_->damage_met_at(), inner_->offset()) - inner_->offset();
    translate(bytes.substr(0, sound), out_);
    for (const Damage& one : found) add_damage(one.code.c_str(), row_, one.detail);
    inner_->consume(sound);
    const Member* const last = inner_->last_member();
    const bool is_whole = last != nullptr && last->damage == nullptr && inner_->window().empty() && !inner_->grow();
    if (is_whole) {  // garbage behind all members
      if (!done_) end(out_);
    } else {
      damage("rows.lost", "the rest of the input is not read");
      if (!done_ && end_in_damage(out_)) cut = found.front().code.c_str();
    }
    done_ = true;
  }
  if (!out_.empty()) {
    out_.copy(window_.reserve(out_.size()), out_.size());
    window_.commit(out_.size());
  }
  if (done_ && last_member()->end == Member::kOpen) end_member(cut);
  return !done_ || !out_.empty();
}

}  // namespace ftok
