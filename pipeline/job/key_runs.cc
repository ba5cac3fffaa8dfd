#include "pipeline/job/key_runs.h"

#include "core/signals.h"

namespace ftok {

void KeyRunsWriter::add(std::vector<KeyRecord>& records, const std::vector<uint64_t>& ranks) {
  sort_records(records);
  Run& run = runs_.emplace_back();
  run.file = std::make_unique<NamelessFile>(folder_);
  for (const uint64_t end : key_range_ends(records, ranges_)) run.ends.push_back(end * sizeof(KeyRecord));
  run.file->write({reinterpret_cast<const char*>(records.data()), records.size() * sizeof(KeyRecord)});
  if (ranks_) {
    run.file->write({reinterpret_cast<const char*>(ranks.data()), ranks.size() * sizeof(uint64_t)});
    run.ends.push_back(records.size() * sizeof(KeyRecord) + ranks.size() * sizeof(uint64_t));
  }
  records_ += records.size();
}

SlicedFileEntry KeyRunsWriter::write(const std::string& path, const std::string& name, const std::string& about) const {
  std::vector<std::unique_ptr<MappedFile>> mapped;
  for (const Run& run : runs_) mapped.push_back(std::make_unique<MappedFile>(run.file->path()));
  const size_t slices = ranges_ + (ranks_ ? 1 : 0);
  SlicedFileWriter file(path, kKeyRunMagic, slices * runs_.size(), about);
  for (size_t slice = 0; slice < slices; ++slice) {
    if (stop_requested()) throw Stopped();
    for (size_t run = 0; run < runs_.size(); ++run) {
      const uint64_t begin = slice == 0 ? 0 : runs_[run].ends[slice - 1];
      file.write(mapped[run]->bytes().substr(begin, runs_[run].ends[slice] - begin));
      file.end_slice();
    }
  }
  return file.commit(name, records_);
}

}  // namespace ftok
