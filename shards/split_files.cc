#include "shards/split_files.h"

#include <algorithm>
#include <filesystem>

#include "core/file.h"
#include "core/temporary_files.h"

namespace ftok {

std::vector<FileEntry> write_split_files(const ShardWriterOptions& options, const std::vector<ShardEntry>& shards,
                                         const std::vector<FileEntry>& joined) {
  std::vector<FileEntry> files;
  const size_t token_bytes =
      options.token_bytes != 0 ? options.token_bytes : options.format->token_bytes(options.vocabulary_size);
  for (const Split split : kSplits) {
    std::vector<ShardEntry> entries;
    for (const ShardEntry& entry : shards) {
      if (entry.split == split) entries.push_back(entry);
    }
    for (const std::string& name : options.format->split_files(split)) {
      const std::string path = options.folder + "/" + name, folder = path.substr(0, path.rfind('/'));
      if (!entries.empty()) make_folder(folder);
      if (std::filesystem::exists(folder)) remove_dead_temporaries(folder);
      if (entries.empty() && std::filesystem::exists(path)) remove_file(path);
    }
    if (entries.empty()) continue;
    const auto is_of_split = [&](const FileEntry& file) { return file.name == options.format->joined_file(split); };
    const auto written = std::find_if(joined.begin(), joined.end(), is_of_split);
    const FileEntry* const file_of_split = written == joined.end() ? nullptr : &*written;
    for (FileEntry& file :
         options.format->write_split_files(options.folder, split, entries, token_bytes, file_of_split))
      files.push_back(std::move(file));
  }
  return files;
}

}  // namespace ftok
