// What a mix keeps of the texts that it has encoded, so that one that was stopped goes on: files of whole inputs
// ("segments"), and beside each what was known when it ended. They lie in OUTPUT.mixing, which the mix's end removes.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/file.h"

namespace ftok {

// The folder: made, or taken up again, and locked. Destroyed without remove() it stays, but for an empty one. Throws
// UsageError when it holds other files, Error when another process has it.
class MixingFolder {
 public:
  explicit MixingFolder(std::string path);
  ~MixingFolder();
  MixingFolder(const MixingFolder&) = delete;
  MixingFolder& operator=(const MixingFolder&) = delete;

  const std::string& path() const { return path_; }
  void remove();  // with what is in it; the last call. Throws Error naming the file that stays

 private:
  std::vector<std::string> own_files() const;

  std::string path_;
  std::unique_ptr<FolderLock> lock_;
};

// What is known of a source after some of its inputs.
struct TextProgress {
  std::vector<std::string> digests;  // of these inputs
  uint64_t bad = 0, capped = 0, unscored = 0, unwanted = 0, without_host = 0;
  std::vector<uint64_t> bucket_documents, bucket_tokens;
  std::vector<uint64_t> hosts;  // three a host: its key, its tokens, 1 where some did not fit
};

struct TextSegmentsOptions {
  std::string prefix;          // of the files' paths
  std::string settings;        // all that decides how texts are encoded and chosen
  uint64_t segment_bytes = 0;  // after which a segment ends with the input
};

// The segments of one source. Serial. Throws Error naming the file that cannot be written.
class TextSegments {
 public:
  // `names`: what documents without an id are named by. A segment rests on the settings, and on path, name, size and
  // time of last change of each input up to its end. Where one of these is not a local file, it is made anew.
  TextSegments(TextSegmentsOptions options, const std::vector<std::string>& inputs,
               const std::vector<std::string>& names);

  // Before the first write: takes up the segments that rest on the same; `progress` is that of the last one.
  void resume(TextProgress& progress);
  void write(std::string_view bytes);
  bool is_full() const { return file_ != nullptr && file_->size() >= options_.segment_bytes; }
  void end(const TextProgress& progress);  // the segment, with an input

  std::vector<std::string> paths() const;  // of those that have ended

 private:
  std::string path_of(size_t segment, std::string_view ending) const;
  bool read_state(TextProgress& progress) const;

  const TextSegmentsOptions options_;
  std::vector<std::string> bindings_;  // what the first n inputs rest on; the last ones empty where they cannot be told
  size_t count_ = 0;
  std::unique_ptr<AtomicFile> file_;
};

}  // namespace ftok
