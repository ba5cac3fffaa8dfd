#include "tokenizer/corpus_counter.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>

#include "core/error.h"

namespace ftok {
namespace {

constexpr size_t kRunsMax = 64;          // more are joined into one; each open one holds a buffer and a descriptor
constexpr size_t kTextBytes = 4u << 20;  // what is_full() allows for: the texts that are being added

class SpillSource : public ByteSource {
 public:
  SpillSource(int fd, std::string name) : fd_(fd), name_(std::move(name)) {}
  size_t read(char* out, size_t size) override {
    for (;;) {
      const ssize_t got = ::pread(fd_, out, size, static_cast<off_t>(offset_));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) throw_errno("cannot read " + name_, errno);
      offset_ += static_cast<uint64_t>(got);
      return static_cast<size_t>(got);
    }
  }
  const std::string& name() const override { return name_; }

 private:
  int fd_;
  std::string name_;
  uint64_t offset_ = 0;
};

class SortedTable : public SortedCounts {
 public:
  explicit SortedTable(const SortedPretokens& pretokens) : pretokens_(pretokens) {}
  bool next(CountedPretoken& entry) override {
    if (next_ == pretokens_.size()) return false;
    entry = pretokens_[next_++];
    return true;
  }

 private:
  const SortedPretokens& pretokens_;
  size_t next_ = 0;
};

}  // namespace

SpillFile::SpillFile(const std::string& folder) : folder_(folder), fd_(open_nameless_file(folder)) {}

SpillFile::~SpillFile() { ::close(fd_); }

void SpillFile::write(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t put = ::write(fd_, bytes.data(), bytes.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) throw_errno("cannot write a temporary file in " + folder_, errno);
    bytes.remove_prefix(static_cast<size_t>(put));
  }
}

std::unique_ptr<ByteSource> SpillFile::open() const {
  return std::make_unique<SpillSource>(fd_, "a temporary file in " + folder_);
}

CorpusCounter::CorpusCounter(const PretokenPattern& pattern, const CorpusCounterOptions& options)
    : pattern_(pattern), options_(options) {}

CorpusCounter::~CorpusCounter() = default;

std::unique_ptr<CorpusCounter::Table> CorpusCounter::take_table() {
  const std::lock_guard lock(mutex_);
  if (idle_.empty()) return std::make_unique<Table>();
  std::unique_ptr<Table> table = std::move(idle_.back());
  idle_.pop_back();
  return table;
}

void CorpusCounter::give_back(std::unique_ptr<Table> table, size_t text_bytes) {
  const size_t most = table->counts.memory_bytes_max(std::max(text_bytes, kTextBytes));
  const std::lock_guard lock(mutex_);
  memory_bytes_ += most - table->memory_bytes;
  table->memory_bytes = most;
  if (memory_bytes_ > options_.memory_bytes) is_full_.store(true, std::memory_order_relaxed);
  idle_.push_back(std::move(table));
}

void CorpusCounter::add_text(std::string_view text, uint64_t weight) {
  if (text.empty()) return;
  std::unique_ptr<Table> table = take_table();
  const uint64_t before = table->counts.total();
  table->counts.add_text(text, pattern_, weight);
  pretokens_.fetch_add(table->counts.total() - before, std::memory_order_relaxed);
  give_back(std::move(table), text.size());
}

size_t CorpusCounter::memory_bytes() const {
  size_t bytes = 0;
  for (const auto& table : idle_) bytes += table->counts.memory_bytes();
  return bytes;
}

void CorpusCounter::sort_tables() {
  for (std::unique_ptr<Table>& table : idle_) {
    if (table->counts.size() > 0) sorted_.emplace_back(std::move(table->counts));
  }
  idle_.clear();
  memory_bytes_ = 0;
  is_full_.store(false, std::memory_order_relaxed);
}

CorpusCounter::Run CorpusCounter::write_run(const std::function<void(CountsWriter&)>& fill) {
  Run run;
  const auto write_to = [&](const CountsWriter::Write& write) {
    CountsWriter writer(CountsHeader::of(pattern_), write);
    fill(writer);
    writer.finish();
  };
  if (options_.keeps_runs) {
    run.name = fmt::format("run-{:06}.counts", next_run_++);
    AtomicFile file(options_.folder + "/" + run.name);
    write_to([&](std::string_view bytes) { file.write(bytes); });
    file.commit();
  } else {
    run.file = std::make_unique<SpillFile>(options_.folder);
    write_to([&](std::string_view bytes) { run.file->write(bytes); });
  }
  return run;
}

void CorpusCounter::spill() {
  sort_tables();
  if (sorted_.empty()) return;
  std::vector<SortedTable> tables(sorted_.begin(), sorted_.end());
  std::vector<SortedCounts*> parts;
  for (SortedTable& table : tables) parts.push_back(&table);
  runs_.push_back(write_run([&](CountsWriter& writer) {
    merge_counts(parts, {}, [&](std::string_view pretoken, uint64_t count) { writer.add(pretoken, count); });
  }));
  sorted_.clear();
  if (runs_.size() >= kRunsMax) join_runs();
}

// All runs into one; a kept run is removed by whoever keeps them, once its checkpoint no longer names it.
void CorpusCounter::join_runs() {
  Run joined = write_run([&](CountsWriter& writer) {
    merge_all([&](std::string_view pretoken, uint64_t count) { writer.add(pretoken, count); });
  });
  runs_.clear();
  runs_.push_back(std::move(joined));
}

std::unique_ptr<CountsReader> CorpusCounter::open(const Run& run) const {
  if (run.file != nullptr) return std::make_unique<CountsReader>(run.file->open());
  return std::make_unique<CountsReader>(options_.folder + "/" + run.name);
}

std::vector<std::string> CorpusCounter::run_names() const {
  std::vector<std::string> names;
  for (const Run& run : runs_) names.push_back(run.name);
  return names;
}

void CorpusCounter::take_up(const std::vector<std::string>& run_names) {
  for (const std::string& name : run_names) {
    unsigned long long number = 0;
    if (std::sscanf(name.c_str(), "run-%llu.counts", &number) == 1)
      next_run_ = std::max<uint64_t>(next_run_, number + 1);
    runs_.push_back({name, nullptr});
  }
}

// One table of all, where nothing is on disk.
void CorpusCounter::gather() {
  while (idle_.size() > 1) {
    if (idle_.front()->counts.size() < idle_.back()->counts.size()) idle_.front().swap(idle_.back());
    idle_.front()->counts.merge(idle_.back()->counts);
    idle_.pop_back();
  }
}

void CorpusCounter::merge_all(const std::function<void(std::string_view, uint64_t)>& visit) const {
  std::vector<SortedTable> tables(sorted_.begin(), sorted_.end());
  std::vector<std::unique_ptr<CountsReader>> readers;
  std::vector<SortedCounts*> parts;
  for (SortedTable& table : tables) parts.push_back(&table);
  for (const Run& run : runs_) {
    readers.push_back(open(run));
    parts.push_back(readers.back().get());
  }
  merge_counts(parts, {}, visit);
}

void CorpusCounter::visit(const std::function<void(std::string_view, uint64_t)>& visit, bool sorted) {
  if (runs_.empty() && !sorted && sorted_.empty()) {
    gather();
    if (!idle_.empty()) idle_.front()->counts.for_each(visit);
    return;
  }
  sort_tables();
  merge_all(visit);
}

}  // namespace ftok
