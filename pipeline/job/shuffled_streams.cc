#include "pipeline/job/shuffled_streams.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <queue>

#include "core/error.h"
#include "core/signals.h"
#include "dedup/key_records.h"
#include "shards/bytes.h"
#include "shards/part.h"

namespace ftok {
namespace {

// A .shuffled file has a slice for each range of keys and one more: documents and tokens of each range by split, then
// the task's first row.
constexpr size_t kCountsBytes = 4 * 8;

std::string shuffled_name(uint64_t task) { return fmt::format("work/{:06}.shuffled", task); }

bool comes_before(const TokensRow& a, const TokensRow& b) { return a.key != b.key ? a.key < b.key : a.id < b.id; }

// The rows of a slice, which are in order.
class RowReader {
 public:
  RowReader(std::string_view slice, size_t token_bytes, const std::string& name)
      : left_(slice), token_bytes_(token_bytes), name_(name) {}

  bool next(TokensRow& row) {
    if (left_.empty()) return false;
    if (!read_tokens_row(left_, token_bytes_, true, row)) throw Error(name_ + " is damaged: a row is cut short");
    left_.remove_prefix(row.bytes.size());
    return true;
  }

 private:
  std::string_view left_;
  size_t token_bytes_;
  std::string name_;
};

// Where each row of a task's tokens file lies, in the order of the shuffle.
class SortedRows {
 public:
  SortedRows(const std::string& path, const std::vector<uint64_t>& parts) : file_(path) {
    FileStretch stretch;
    for (const uint64_t bytes : parts) {
      if (stop_requested()) throw Stopped();
      stretch.bytes = bytes;
      PartTokens tokens(path, stretch);
      token_bytes_ = tokens.token_bytes();
      TokensRow row;
      for (uint64_t at = tokens.position(); tokens.next(row); at = tokens.position()) {
        places_.push_back({row.key, stretch.begin + at});
      }
      stretch.begin += bytes;
    }
    std::stable_sort(places_.begin(), places_.end(), [this](const Place& a, const Place& b) {
      return a.key != b.key ? a.key < b.key : row_at(a).id < row_at(b).id;
    });
  }

  size_t size() const { return places_.size(); }
  TokensRow row(size_t number) const { return row_at(places_[number]); }

 private:
  struct Place {
    ShuffleKey key;
    uint64_t offset = 0;
  };

  TokensRow row_at(const Place& place) const {
    TokensRow row;
    if (!read_tokens_row(file_.bytes().substr(place.offset), token_bytes_, true, row)) {
      throw Error(file_.path() + " was changed while it was read");
    }
    return row;
  }

  MappedFile file_;
  size_t token_bytes_ = 2;
  std::vector<Place> places_;
};

}  // namespace

SlicedFileEntry write_shuffled(const TaskContext& context, const std::vector<uint64_t>& parts) {
  const Job& job = context.job;
  const SortedRows rows(job.path_of(tokens_name(context.task())), parts);
  const size_t ranges = job.tasks("cut");
  const std::string name = shuffled_name(context.task());
  SlicedFileWriter file(job.path_of(name), kShuffledMagic, ranges + 1, job.digest());
  std::string counts;
  size_t next = 0;
  for (size_t range = 0; range < ranges; ++range) {
    uint64_t documents[2] = {0, 0}, tokens[2] = {0, 0};
    for (; next < rows.size(); ++next) {
      const TokensRow row = rows.row(next);
      if (key_range(row.key.high, ranges) != range) break;
      file.write(row.bytes);
      documents[static_cast<size_t>(row.split)] += 1;
      tokens[static_cast<size_t>(row.split)] += row.count;
    }
    file.end_slice();
    for (const uint64_t number : {documents[0], documents[1], tokens[0], tokens[1]})
      append_little_endian(counts, number);
  }
  if (rows.size() > 0) counts += rows.row(0).bytes;
  file.write(counts);
  file.end_slice();
  return file.commit(name, rows.size());
}

ShuffledStreams::ShuffledStreams(const TaskContext& context, const Extracted& extracted)
    : Streams(context), ranges_(context.job.tasks("cut")) {
  std::vector<Counts> counts(ranges_);
  std::optional<TokensRow> first;
  entries_ = first_sliced(receipts_of(context.job, "commit", extracted.digest));
  need_slice(ranges_);
  for (const SlicedFileEntry& entry : entries_) {
    files_.push_back(
        std::make_unique<SlicedFile>(context.job.path_of(entry.file.name), kShuffledMagic, ranges_ + 1, entry));
    const std::string_view slice = files_.back()->slice(ranges_);
    if (slice.size() < ranges_ * kCountsBytes) throw Error(entry.file.name + " is damaged: its counts are cut short");
    for (size_t range = 0; range < ranges_; ++range) {
      for (const size_t split : {0, 1}) {
        counts[range].documents[split] += load_little_endian<uint64_t>(slice, range * kCountsBytes + split * 8);
        counts[range].tokens[split] += load_little_endian<uint64_t>(slice, range * kCountsBytes + 16 + split * 8);
      }
    }
    RowReader reader(slice.substr(ranges_ * kCountsBytes), token_bytes_for(context.plan.shards.vocabulary_size),
                     entry.file.name);
    TokensRow row;
    if (reader.next(row) && (!first || comes_before(row, *first))) first = row;
  }
  set_units(std::move(counts), first ? first->split : Split::kTrain, first ? first->count : 0);
}

void ShuffledStreams::need_slice(size_t slice) const {
  std::vector<Job::WantedSlices> wanted;
  for (const SlicedFileEntry& entry : entries_) wanted.push_back({entry, ranges_ + 1, {{slice, slice + 1}}});
  context_.job.need_slices(wanted, kShuffledMagic);
}

void ShuffledStreams::for_each_document(size_t range, Split wanted, uint64_t, uint64_t, uint64_t&, const Visit& visit) {
  struct Head {
    TokensRow row;
    size_t task = 0;
  };
  const auto after = [](const Head& a, const Head& b) {
    return comes_before(b.row, a.row) || (!comes_before(a.row, b.row) && b.task < a.task);
  };
  std::priority_queue<Head, std::vector<Head>, decltype(after)> heads(after);
  need_slice(range);
  std::vector<RowReader> readers;
  const auto advance = [&](size_t task) {
    Head head;
    head.task = task;
    if (readers[task].next(head.row)) heads.push(head);
  };
  for (size_t task = 0; task < files_.size(); ++task) {
    if (stop_requested()) throw Stopped();
    readers.emplace_back(files_[task]->slice(range), token_bytes_for(context_.plan.shards.vocabulary_size),
                         shuffled_name(task));
    advance(task);
  }
  std::vector<uint32_t> tokens;
  for (bool is_first = range == first_unit_; !heads.empty(); is_first = false) {
    const Head head = heads.top();
    heads.pop();
    if ((is_first ? split_of_first() : head.row.split) == wanted) {
      head.row.decode(tokens);
      if (!visit(head.row.id, tokens)) return;
    }
    advance(head.task);
  }
}

}  // namespace ftok
