#include "crawl/decoded_input.h"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <utility>

#include "core/error.h"
#include "crawl/compression/gzip.h"
#include "crawl/compression/zstd.h"
#include "crawl/format_refused.h"

namespace ftok {
namespace {

constexpr size_t kReadStep = size_t{512} << 10;  // bytes asked of the source at a time, at least
constexpr size_t kKeptMax = size_t{8} << 20;     // of a window, when there is little in it
constexpr size_t kPlainReadStep = size_t{128}
                                  << 10;  // of what goes to the reader as it is: it stays in the near caches

}  // namespace

char* ByteWindow::reserve(size_t size) {
  if (begin_ == end_) begin_ = end_ = 0;
  const size_t used = end_ - begin_;
  const bool is_much = capacity_ > kKeptMax && used + size <= capacity_ / 8;  // since a large record
  if (capacity_ - end_ >= size && !is_much) return data_.get() + end_;
  if (capacity_ - used >= size && used <= capacity_ / 2 && !is_much) {
    std::memmove(data_.get(), data_.get() + begin_, used);
  } else {
    const size_t capacity = is_much ? 2 * (used + size) : std::max(used + size, capacity_ * 2);
    std::unique_ptr<char[]> larger(new char[capacity + kPadding]);
    if (used > 0) std::memcpy(larger.get(), data_.get() + begin_, used);
    data_ = std::move(larger);
    capacity_ = capacity;
  }
  begin_ = 0;
  end_ = used;
  return data_.get() + end_;
}

bool StoredBytes::fill(size_t size) {
  while (window_.size() < size && !ended_) {
    const size_t want = std::max(size - window_.size(), kReadStep);
    const size_t got = source_->read(window_.reserve(want), want);
    window_.commit(got);
    ended_ = got == 0;
  }
  return window_.size() >= size;
}

size_t StoredBytes::read(char* out, size_t size) {
  assert(window_.size() == 0);
  const size_t got = ended_ ? 0 : source_->read(out, size);
  ended_ = got == 0;
  offset_ += got;
  return got;
}

void DecodedInput::consume(size_t size) {
  assert(size <= window_.size());
  window_.consume(size);
  offset_ += size;
  // Members wholly before the window are of no more use; the one that holds offset_ - 1 stays for stored_offset().
  while (members_.size() > 1 && members_[1].start < offset_) members_.pop_front();
}

bool DecodedInput::grow() {
  const size_t before = window_.size();
  bool progress = false;
  while (window_.size() - before < grow_bytes_min_ && step()) progress = true;
  const std::string_view appended = window().substr(before);
  if (check_ && (!appended.empty() || !progress)) check_(appended);
  return progress;
}

std::deque<Member>::const_iterator DecodedInput::member_after(uint64_t at) const {
  return std::upper_bound(members_.begin(), members_.end(), at,
                          [](uint64_t offset, const Member& member) { return offset < member.start; });
}

const Member* DecodedInput::member_at(uint64_t at) const {
  const auto after = member_after(at);
  return after == members_.begin() ? nullptr : &*std::prev(after);
}

bool DecodedInput::member_ends_at(uint64_t at) const { return !members_.empty() && members_.back().end == at; }

uint64_t DecodedInput::stored_offset(uint64_t at) const {
  const Member* member = member_at(at);
  if (member == nullptr) return 0;
  return compression()[0] == 'p' ? member->stored + (at - member->start) : member->stored;
}

void DecodedInput::begin_member(uint64_t stored) {
  // An empty, sound member says nothing; without this, a file of them would fill the list.
  if (!members_.empty() && members_.back().start == decoded_end() && members_.back().damage == nullptr)
    members_.pop_back();
  if (members_.size() < kMembersMax) {
    members_.push_back({decoded_end(), stored, Member::kOpen, nullptr});
  } else {
    members_.back().end = Member::kOpen;
  }
}

void DecodedInput::end_member(const char* damage) {
  members_.back().end = decoded_end();
  if (damage != nullptr) members_.back().damage = damage;
}

void DecodedInput::add_damage(const char* code, uint64_t stored, std::string detail) {
  if (damage_.empty()) damage_met_at_ = decoded_end();
  if (damage_.size() < kDamageMax) {
    damage_.push_back({Reason::of_static(code), std::move(detail), stored});
  } else {
    ++damage_unlisted_;
  }
}

std::vector<Damage> DecodedInput::take_damage() {
  if (damage_unlisted_ > 0) {
    damage_.push_back({"damage.unlisted", std::to_string(damage_unlisted_) + " more", damage_.back().offset});
    damage_unlisted_ = 0;
  }
  return std::exchange(damage_, {});
}

bool looks_like_record_start(std::string_view decoded) {
  for (const std::string_view start : {"WARC/", "filedesc:", "http://", "https://", "dns:", "{\""}) {
    if (decoded.starts_with(start)) return true;
  }
  return false;
}

namespace {

// An input that is not compressed: one member, read as it comes.
class PlainInput : public DecodedInput {
 public:
  PlainInput(StoredBytes stored, const DecodeLimits& limits)
      : DecodedInput(limits.grow_bytes_min), stored_(std::move(stored)) {}

  bool step() override {
    if (members().empty()) begin_member(0);
    const std::string_view bytes = stored_.view();  // what was read to see the format
    if (!bytes.empty()) {
      std::memcpy(window_.reserve(bytes.size()), bytes.data(), bytes.size());
      window_.commit(bytes.size());
      stored_.consume(bytes.size());
      return true;
    }
    const size_t got = stored_.read(window_.reserve(kPlainReadStep), kPlainReadStep);
    window_.commit(got);
    if (got == 0 && last_member()->end == Member::kOpen) end_member();
    return got != 0;
  }
  uint64_t bytes_read() const override { return stored_.bytes_read(); }
  uint64_t size_if_known() const override { return stored_.source().size_if_known(); }
  const std::string& name() const override { return stored_.source().name(); }
  const char* compression() const override { return "plain"; }
  ByteSource* positioned() override { return stored_.source().can_read_at() ? &stored_.source() : nullptr; }

 private:
  StoredBytes stored_;
};

}  // namespace

std::unique_ptr<DecodedInput> make_decoded_input(std::unique_ptr<ByteSource> source, const DecodeLimits& limits) {
  const bool named_gzip = source->name().ends_with(".gz");
  StoredBytes stored(std::move(source));
  stored.fill(4);
  const std::string_view start = stored.view();
  if (is_gzip_magic(start)) return std::make_unique<GzipInput>(std::move(stored), limits);
  if (is_zstd_magic(start)) return std::make_unique<ZstdInput>(std::move(stored), limits);
  static constexpr std::pair<std::string_view, const char*> kOthers[] = {
      {"\x04\x22\x4D\x18", "lz4"}, {"\xFD\x37zX", "xz"}, {"BZh", "bzip2"}};
  for (const auto& [magic, format] : kOthers) {
    if (start.starts_with(magic)) {
      throw FormatRefused(stored.source().name() + " is compressed with " + format +
                          ", which is not read: gzip, zstd or plain");
    }
  }
  // A .gz file whose first bytes are damaged still holds members; a plain file under such a name starts as a record
  // does.
  stored.fill(16);
  if (named_gzip && !stored.view().empty() && !looks_like_record_start(stored.view())) {
    return std::make_unique<GzipInput>(std::move(stored), limits);
  }
  return std::make_unique<PlainInput>(std::move(stored), limits);
}

}  // namespace ftok
