// A Parquet file as JSON Lines, a line per row, or as documents. Row groups are decoded ahead by the threads of the
// current arena while the rows of an earlier one are read; rows come in their order, whoever decoded them.
#include <fmt/format.h>
#include <oneapi/tbb/task_arena.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <cstdio>
#include <deque>
#include <exception>
#include <mutex>
#include <utility>

#include "core/error.h"
#include "core/parquet.h"
#include "core/parquet_record.h"
#include "core/shown.h"
#include "crawl/format_refused.h"
#include "crawl/sources/record_source.h"
#include "crawl/sources/rows_input.h"
#include "crawl/sources/text_source.h"

namespace ftok {
namespace {

constexpr size_t kStepBytes = size_t{256} << 10;  // of lines decoded and given at a time: they stay in the near caches
constexpr size_t kAheadBytes = size_t{16} << 20;  // of lines of a row group that is not read yet
constexpr uint64_t kMemoryBytesMax = uint64_t{1} << 30;
constexpr uint64_t kLostRowsMax = uint64_t{1} << 24;  // in one row group

// How many row groups are decoded ahead, in the whole process: at most one a thread, beside the one each input reads.
std::atomic<size_t> groups_ahead{0};

// The file's bytes for the decoding threads. What a read throws waits for the thread that reads the lines.
class FileBytes : public ParquetBytes {
 public:
  explicit FileBytes(ByteSource& source) : source_(source) {}

  uint64_t size() const override { return source_.size_if_known(); }
  int64_t read_at(uint64_t offset, char* out, size_t size) override {
    try {
      return static_cast<int64_t>(source_.read_at(offset, out, size));
    } catch (...) {
      const std::lock_guard lock(mutex_);
      if (failure_ == nullptr) failure_ = std::current_exception();
      return -1;
    }
  }
  void rethrow_failure() {
    const std::lock_guard lock(mutex_);
    if (failure_ != nullptr) std::rethrow_exception(failure_);
  }

 private:
  ByteSource& source_;
  std::mutex mutex_;
  std::exception_ptr failure_;
};

// One row group: decoded by one thread at a time, read by one.
class Group {
 public:
  Group(std::shared_ptr<ParquetFile> file, size_t index) : file_(std::move(file)), index_(index) {}

  // Whether a thread is to be sent to decode it: none is, and little waits to be read.
  bool wants_thread() {
    const std::lock_guard lock(mutex_);
    return !sent_ && !ended_ && waiting_ < kAheadBytes / 2 && (sent_ = true);
  }

  // Decodes until kAheadBytes wait to be read, or the row group ends; one step where `once`. Does nothing while another
  // thread is at it.
  void decode(bool once) {
    std::unique_lock lock(mutex_);
    if (!once) sent_ = false;
    if (busy_) return;
    busy_ = true;
    while (!ended_ && !abandoned_ && waiting_ < kAheadBytes) {
      lock.unlock();
      std::string lines;
      lines.reserve(kStepBytes + kStepBytes / 8);  // its last row goes beyond the step
      const bool more = decode_step(lines);
      lock.lock();
      waiting_ += lines.size();
      if (!lines.empty()) pieces_.push_back(std::move(lines));
      ended_ = !more;
      changed_.notify_all();
      if (once) break;
    }
    if (ended_) rows_.reset();
    busy_ = false;
    changed_.notify_all();
  }

  // The next lines, a step's; decodes them where none wait. Empty: the row group has ended.
  std::string take() {
    std::unique_lock lock(mutex_);
    while (pieces_.empty() && !ended_) {
      if (busy_) {
        changed_.wait(lock);
      } else {
        lock.unlock();
        decode(true);
        lock.lock();
      }
    }
    if (pieces_.empty()) return {};
    std::string lines = std::move(pieces_.front());
    pieces_.pop_front();
    waiting_ -= lines.size();
    return lines;
  }

  // Returns when no thread decodes it, nor will.
  void abandon() {
    std::unique_lock lock(mutex_);
    abandoned_ = true;
    changed_.wait(lock, [&] { return !busy_; });
  }

  // After its end: what ended it early, and how many rows were read until then.
  const char* damage_code() const { return code_; }
  const std::string& damage_detail() const { return detail_; }
  uint64_t rows_done() const { return rows_done_; }

 private:
  bool decode_step(std::string& lines) {
    bool more = false;
    try {
      if (abandoned()) return false;
      if (rows_ == nullptr) rows_ = file_->open(index_);
      const ParquetRows::Outcome outcome = rows_->next(kStepBytes, lines);
      more = outcome == ParquetRows::Outcome::kMore;
      if (outcome == ParquetRows::Outcome::kBomb) {
        code_ = "parquet.bomb";
        detail_ = "more than 64 MiB, at more than 250 bytes per stored byte";
      }
    } catch (const std::exception& error) {
      code_ = "parquet.bad_data";
      detail_ = error.what();
    }
    if (rows_ != nullptr) rows_done_ = rows_->rows_done();
    return more;
  }
  bool abandoned() {
    const std::lock_guard lock(mutex_);
    return abandoned_;
  }

  const std::shared_ptr<ParquetFile> file_;
  const size_t index_;
  std::unique_ptr<ParquetRows> rows_;  // of the thread that decodes
  const char* code_ = nullptr;
  std::string detail_;
  uint64_t rows_done_ = 0;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::string> pieces_;  // a step's lines each
  size_t waiting_ = 0;              // bytes in them
  bool sent_ = false, busy_ = false, ended_ = false, abandoned_ = false;
};

// The bytes of an input that can be read forward only, in a file without a name.
class SpooledSource : public ByteSource {
 public:
  explicit SpooledSource(DecodedInput& input) : name_(input.name()), file_(std::tmpfile()) {
    if (file_ == nullptr) throw_errno("cannot open a file for temporary data", errno);
    do {
      const std::string_view bytes = input.window();
      if (std::fwrite(bytes.data(), 1, bytes.size(), file_) != bytes.size()) failed();
      size_ += bytes.size();
      input.consume(bytes.size());
    } while (input.grow());
    if (std::fflush(file_) != 0) failed();
    for (const Damage& one : input.take_damage()) throw Error(fmt::format("{}: {}", name_, one.code.view()));
    source_ = open_file_source(fmt::format("/proc/self/fd/{}", ::fileno(file_)));
  }
  ~SpooledSource() override { std::fclose(file_); }
  SpooledSource(const SpooledSource&) = delete;
  SpooledSource& operator=(const SpooledSource&) = delete;

  size_t read(char* out, size_t size) override { return source_->read(out, size); }
  bool can_read_at() const override { return true; }
  size_t read_at(uint64_t offset, char* out, size_t size) override { return source_->read_at(offset, out, size); }
  const std::string& name() const override { return name_; }
  uint64_t size_if_known() const override { return size_; }

 private:
  [[noreturn]] void failed() const { throw_errno(name_ + ": cannot keep it in a temporary file", errno); }

  std::string name_;
  std::FILE* file_;
  std::unique_ptr<ByteSource> source_;
  uint64_t size_ = 0;
};

// Its bytes are lines, or with `records` records where the file's columns allow it.
class ParquetInput : public DecodedInput {
 public:
  ParquetInput(std::unique_ptr<DecodedInput> inner, const ArrowModule& module, const SourceOptions& options,
               bool records)
      : DecodedInput(4096), inner_(std::move(inner)) {
    ByteSource* source = inner_->positioned();
    if (source == nullptr) {
      spooled_ = std::make_unique<SpooledSource>(*inner_);
      source = spooled_.get();
    }
    bytes_ = std::make_shared<FileBytes>(*source);
    ParquetReadOptions read;
    read.text_key = options.text_key;
    read.id_key = options.id_key;
    for (const auto* const names : {&options.fields.numbers, &options.fields.texts, &options.fields.lists})
      read.more.insert(read.more.end(), names->begin(), names->end());
    if (read.text_key.empty() && !read.more.empty())
      read.text_key = read.more.front(), read.more.erase(read.more.begin());
    read.all = !options.start_after.empty();
    read.records = records && !options.text_key.empty();
    read.value_bytes_max = static_cast<uint64_t>(options.record_bytes_max);
    read.memory_bytes_max = kMemoryBytesMax;
    try {
      file_ = module.open(bytes_, read);
    } catch (const std::runtime_error& error) {
      bytes_->rethrow_failure();
      throw FormatRefused(fmt::format("{} is Parquet, and {}", name(), printable(error.what())));
    }
  }
  ~ParquetInput() override {
    for (size_t i = 0; i < groups_.size(); ++i) {
      groups_[i]->abandon();
      if (i > 0) --groups_ahead;
    }
  }

  uint64_t bytes_read() const override { return inner_->bytes_read(); }
  uint64_t size_if_known() const override { return inner_->size_if_known(); }
  const std::string& name() const override { return inner_->name(); }
  const char* compression() const override { return "plain"; }
  bool has_rows() const override { return true; }
  bool gives_records() const { return file_->gives_records(); }
  std::vector<ParquetField> fields() const { return file_->fields(); }

 private:
  bool step() override {
    if (members().empty()) begin_member(0);
    if (next_ == file_->row_groups() && groups_.empty()) return finish();
    if (groups_.empty()) begin_group();
    const std::string lines = groups_.front()->take();
    decode_ahead();
    bytes_->rethrow_failure();
    if (!lines.empty()) {
      give(lines);
    } else {
      end_group();
    }
    return true;
  }

  void begin_group() {
    groups_.push_back(std::make_shared<Group>(file_, next_));
    ++next_;
  }

  // As many row groups as there are threads are decoded or being decoded; a thread that is alone reads on by itself.
  void decode_ahead() {
    namespace tbb = oneapi::tbb;
    const auto threads = static_cast<size_t>(std::max(1, tbb::this_task_arena::max_concurrency()));
    if (threads == 1) return;
    while (next_ < file_->row_groups() && groups_.size() <= threads) {
      if (groups_ahead.fetch_add(1) >= threads) {
        --groups_ahead;
        break;
      }
      begin_group();
    }
    tbb::task_arena arena{tbb::task_arena::attach{}};
    for (const auto& group : groups_) {
      if (group->wants_thread()) arena.enqueue([group] { group->decode(false); });
    }
  }

  void give(std::string_view lines) {
    lines.copy(window_.reserve(lines.size()), lines.size());
    window_.commit(lines.size());
  }

  // Rows that cannot be read leave empty lines, or a record that counts them, so that later ones keep their numbers.
  void end_group() {
    Group& group = *groups_.front();
    const size_t index = next_ - groups_.size();
    const uint64_t rows = file_->rows(index);
    if (group.damage_code() != nullptr) {
      const uint64_t lost = rows - std::min(rows, group.rows_done());
      add_damage(group.damage_code(), row_ + group.rows_done() + 1,
                 fmt::format("row group {}: {}; {} rows are not read", index, printable(group.damage_detail()), lost));
      if (lost > kLostRowsMax) throw Error(fmt::format("{}: row group {} cannot be read", name(), index));
      give(gives_records() ? lost_record(lost) : std::string(lost, '\n'));
    }
    row_ += rows;
    groups_.pop_front();
    if (!groups_.empty()) --groups_ahead;
    read_until(file_->stored_end(index));
  }

  static std::string lost_record(uint64_t rows) {
    std::string record;
    const size_t begin = begin_parquet_record(record, ParquetRecordKind::kLost);
    append_record_bytes(record, rows);
    end_parquet_record(record, begin);
    return record;
  }

  // What digests and counts the file's bytes sees them in order, while the system still holds them.
  void read_until(uint64_t stored) {
    while (inner_->bytes_read() < stored && inner_->grow()) inner_->consume(inner_->window().size());
  }

  bool finish() {
    if (last_member()->end != Member::kOpen) return false;
    read_until(UINT64_MAX);
    end_member();
    return true;
  }

  std::unique_ptr<DecodedInput> inner_;
  std::unique_ptr<ByteSource> spooled_;  // the bytes of what can be read forward only
  std::shared_ptr<FileBytes> bytes_;
  std::shared_ptr<ParquetFile> file_;
  std::deque<std::shared_ptr<Group>> groups_;  // the one that is read, and those decoded ahead
  size_t next_ = 0;                            // row group
  uint64_t row_ = 0;                           // rows before the one that is read
};

std::unique_ptr<ParquetInput> make_parquet_input(std::unique_ptr<DecodedInput> input, const SourceOptions& options,
                                                 bool records) {
  const ArrowModule* const module = arrow_module();
  if (module == nullptr)
    throw FormatRefused(fmt::format("{} is Parquet, which is not read: {}", input->name(), kNoArrow));
  return std::make_unique<ParquetInput>(std::move(input), *module, options, records);
}

}  // namespace

std::unique_ptr<DecodedInput> open_parquet(std::unique_ptr<DecodedInput> input, const SourceOptions& options) {
  return make_parquet_input(std::move(input), options, false);
}

std::unique_ptr<Source> open_parquet_rows(std::unique_ptr<DecodedInput> input, const SourceOptions& options) {
  std::unique_ptr<ParquetInput> rows = make_parquet_input(std::move(input), options, true);
  if (!rows->gives_records()) return make_jsonl_source(std::move(rows), options);
  const std::vector<ParquetField> fields = rows->fields();
  return make_record_source(std::move(rows), fields, options);
}

}  // namespace ftok
