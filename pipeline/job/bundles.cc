#include "pipeline/job/bundles.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <set>

#include "core/error.h"
#include "pipeline/job_store.h"
#include "shards/bytes.h"

namespace ftok {
namespace {

constexpr std::string_view kBundleMagic = "FTOKBNDL";
constexpr uint32_t kBundleVersion = 1;
constexpr size_t kBundleHeadBytes = 24;
constexpr uint64_t kBundleBytesMax = uint64_t{1} << 30;  // a task has no room for more besides its own work

// What is bundled of a pass.
std::string_view bundled_magic(std::string_view pass) {
  return pass == "decide" ? kRepeatsMagic : pass == "resolve" ? kAnswersMagic : "";
}

std::string bundle_name(std::string_view magic, uint64_t block) {
  return fmt::format("work/{:06}{}{}", block, kBundlePart, magic == kRepeatsMagic ? "repeats" : "answers");
}

std::string bundle_head(size_t files, size_t slices) {
  std::string head(kBundleMagic);
  append_little_endian(head, kBundleVersion);
  append_little_endian(head, static_cast<uint32_t>(files));
  append_little_endian(head, static_cast<uint32_t>(slices));
  append_little_endian(head, uint32_t{0});
  return head;
}

// The tasks of a pass in blocks.
class Blocks {
 public:
  explicit Blocks(uint64_t tasks)
      : tasks_(tasks), size_(static_cast<uint64_t>(std::ceil(std::sqrt(static_cast<double>(tasks))))) {}

  uint64_t count() const { return (tasks_ + size_ - 1) / size_; }
  uint64_t of(uint64_t task) const { return task / size_; }
  TaskShare tasks(uint64_t block) const { return {block * size_, std::min(tasks_, (block + 1) * size_)}; }

 private:
  uint64_t tasks_, size_;
};

void write_bundle(const std::string& path, const std::vector<std::unique_ptr<SlicedFile>>& files, size_t slices) {
  ChecksummedFile bundle(path);
  bundle.write(bundle_head(files.size(), slices));
  for (const auto& file : files) bundle.write(file->table());
  for (size_t slice = 0; slice < slices; ++slice) {
    for (const auto& file : files) bundle.write(file->slice(slice));
  }
  bundle.write_checksum();
  bundle.commit();
}

// `done`: the receipts of the pass that are stored.
void bundle_block(const Job& job, std::string_view pass, uint64_t task, const std::string& after,
                  const std::set<std::string>& done) {
  const std::string_view magic = bundled_magic(pass);
  if (magic.empty()) return;
  const Blocks blocks(job.tasks(pass));
  const TaskShare block = blocks.tasks(blocks.of(task));
  for (uint64_t each = block.begin; each < block.end; ++each) {
    if (!done.contains(task_receipt_name(pass, each))) return;
  }
  std::vector<SlicedFileEntry> entries;
  uint64_t bytes = 0;
  for (uint64_t each = block.begin; each < block.end; ++each) {
    job.file(task_receipt_name(pass, each));
    const std::optional<TaskReceipt> receipt = job.receipt(pass, each, after);
    if (!receipt) return;
    entries.push_back(receipt->sliced.at(0));
    bytes += entries.back().file.bytes;
  }
  if (bytes > kBundleBytesMax || entries.size() < 2) return;
  const size_t slices = job.tasks(kPasses[0]);
  JobStore::for_each(entries.size(), [&](size_t i) { job.file(entries[i].file.name); });
  std::vector<std::unique_ptr<SlicedFile>> files;
  for (const SlicedFileEntry& entry : entries) {
    files.push_back(std::make_unique<SlicedFile>(job.path_of(entry.file.name), magic, slices, entry));
  }
  const std::string name = bundle_name(magic, blocks.of(task));
  write_bundle(job.path_of(name), files, slices);
  job.publish({name});
  std::filesystem::remove(job.path_of(name));
}

// The slice of each of these files from their bundle; false where it does not have them.
bool take_from_bundle(const Job& job, std::string_view magic, uint64_t block, const std::vector<SlicedFileEntry>& files,
                      size_t slices, size_t slice) {
  const std::string name = bundle_name(magic, block);
  const uint64_t table_bytes = files[0].file.bytes - sliced_file_table(files[0].file.bytes, slices);
  const std::optional<std::string> begin = job.stored_part(name, 0, kBundleHeadBytes + files.size() * table_bytes);
  if (!begin || !begin->starts_with(bundle_head(files.size(), slices))) return false;
  const std::string head = sliced_file_head(magic, slices);
  std::vector<std::string_view> tables;
  uint64_t at = begin->size(), bytes = 0;
  for (size_t i = 0; i < files.size(); ++i) {
    const std::string_view table = std::string_view(*begin).substr(kBundleHeadBytes + i * table_bytes, table_bytes);
    if (!is_table_of(files[i], magic, slices, table)) return false;
    const SlicePlace place = slice_place(table, slice);
    at += place.begin - head.size();
    bytes += place.end - place.begin;
    tables.push_back(table);
  }
  const std::optional<std::string> all = job.stored_part(name, at, bytes);
  if (!all) return false;
  std::string_view left = *all;
  std::vector<std::string_view> found;
  for (const std::string_view table : tables) {
    const SlicePlace place = slice_place(table, slice);
    found.push_back(left.substr(0, place.end - place.begin));
    left.remove_prefix(found.back().size());
    if (!is_slice_of(table, slice, found.back())) return false;
  }
  for (size_t i = 0; i < files.size(); ++i) {
    const FileEntry& file = files[i].file;
    job.give(file.name, file.bytes, 0, head);
    job.give(file.name, file.bytes, file.bytes - table_bytes, tables[i]);
    job.give(file.name, file.bytes, slice_place(tables[i], slice).begin, found[i]);
  }
  return true;
}

}  // namespace

void put_together(const Job& job, std::string_view pass, uint64_t task, const std::string& after, const Log& log) {
  if (!job.is_stored() || job.tasks(pass) < 2 || pass == "cut") return;  // receipts of `cut` are read once
  try {
    const std::vector<std::string> done = job.pack_receipts(pass);
    bundle_block(job, pass, task, after, {done.begin(), done.end()});
  } catch (const Error& error) {
    if (log) log(LogLevel::kWarning, fmt::format("not put together for later tasks: {}", error.what()));
  }
}

void need_slice_of_all(const Job& job, const std::vector<TaskReceipt>& receipts, std::string_view magic, size_t slices,
                       size_t slice) {
  if (!job.is_stored()) return;
  const std::vector<SlicedFileEntry> all = first_sliced(receipts);
  const Blocks blocks(all.size());
  std::vector<std::vector<Job::WantedSlices>> left(blocks.count());
  JobStore::for_each(blocks.count(), [&](size_t number) {
    const TaskShare block = blocks.tasks(number);
    std::vector<SlicedFileEntry> files(all.begin() + static_cast<ptrdiff_t>(block.begin),
                                       all.begin() + static_cast<ptrdiff_t>(block.end));
    std::erase_if(files, [&](const SlicedFileEntry& file) { return job.has_copy(file.file.name); });
    if (files.empty()) return;
    const bool whole_block = files.size() == block.end - block.begin && files.size() > 1;
    try {
      if (whole_block && take_from_bundle(job, magic, number, files, slices, slice)) return;
    } catch (const Error&) {  // NOLINT: then the files themselves
    }
    for (const SlicedFileEntry& file : files) left[number].push_back({file, slices, {{slice, slice + 1}}});
  });
  std::vector<Job::WantedSlices> wanted;
  for (const auto& block : left) wanted.insert(wanted.end(), block.begin(), block.end());
  job.need_slices(wanted, magic);
}

}  // namespace ftok
